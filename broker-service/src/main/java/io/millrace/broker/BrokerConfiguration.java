package io.millrace.broker;

import io.micrometer.core.instrument.binder.MeterBinder;
import io.millrace.broker.storage.StorageProperties;
import io.millrace.common.api.ServiceClients;
import io.millrace.common.database.PostgresConnections;
import io.millrace.common.lease.LeaseSettings;
import io.millrace.common.metadata.ClusterImages;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Puts the broker together. */
@Configuration(proxyBeanMethods = false)
class BrokerConfiguration {
    private static final int EXIT_ID_TAKEN = 2;

    @Bean
    BrokerMeters brokerMeters() {
        return new BrokerMeters();
    }

    @Bean
    Broker broker(BrokerSettings settings, StorageProperties storage, LeaseSettings lease, ClusterImages images,
            PostgresConnections connections, ServiceClients services, BrokerMeters meters,
            ConfigurableApplicationContext context) {
        return new Broker(settings, storage, lease,
                new Broker.Environment(images, connections, services,
                        () -> context.getEnvironment().getRequiredProperty("local.server.port", Integer.class),
                        () -> exit(context)),
                meters);
    }

    /** Not on the caller's thread: closing waits for that one. */
    private static void exit(ConfigurableApplicationContext context) {
        Thread.ofPlatform().name("broker-exit").start(() -> System.exit(SpringApplication.exit(context,
                () -> EXIT_ID_TAKEN)));
    }

    @Bean
    MeterBinder brokerMeterBinder(BrokerMeters meters, Broker broker) {
        return registry -> meters.bindTo(registry, broker);
    }

    /** Registered, not fenced, logs open, port open. */
    @Bean
    HealthIndicator brokerHealthIndicator(Broker broker) {
        return () -> {
            String reason = broker.notReadyBecause();
            Health.Builder health = reason == null ? Health.up() : Health.outOfService().withDetail("reason", reason);
            return health.withDetail("brokerId", broker.id()).build();
        };
    }
}
