package io.millrace.broker;

import io.micrometer.core.instrument.binder.MeterBinder;
import io.millrace.broker.partition.MetadataWrites;
import io.millrace.broker.partition.ReplicationSettings;
import io.millrace.broker.storage.StorageProperties;
import io.millrace.common.api.ServiceClients;
import io.millrace.common.autocreate.AutoCreation;
import io.millrace.common.database.PostgresConnections;
import io.millrace.common.incarnation.LogReports;
import io.millrace.common.incarnation.PostgresLogReports;
import io.millrace.common.lease.LeaseSettings;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.metadata.MetadataTransaction;
import io.millrace.common.partition.PostgresIsrChanges;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Puts the broker together. */
@Configuration(proxyBeanMethods = false)
class BrokerConfiguration {
    @Bean
    BrokerMeters brokerMeters() {
        return new BrokerMeters();
    }

    @Bean
    MetadataWrites metadataWrites(MetadataTransaction transaction, JdbcClient sql) {
        PostgresIsrChanges postgres = new PostgresIsrChanges(transaction, sql);
        return new MetadataWrites(postgres, postgres);
    }

    @Bean
    LogReports logReports(JdbcClient sql) {
        return new PostgresLogReports(sql);
    }

    @Bean
    Broker broker(Broker.Settings settings, ClusterImages images, PostgresConnections connections,
            ServiceClients services, AutoCreation autoCreation, MetadataWrites metadata, LogReports reports,
            BrokerMeters meters,
            ConfigurableApplicationContext context) {
        return new Broker(settings,
                new Broker.Environment(images, connections, services, autoCreation, metadata, reports,
                        () -> context.getEnvironment().getRequiredProperty("local.server.port", Integer.class),
                        code -> exit(context, code)),
                meters);
    }

    @Bean
    Broker.Settings brokerParts(BrokerSettings broker, StorageProperties storage, ReplicationSettings replication,
            LeaseSettings lease) {
        return new Broker.Settings(broker, storage, replication, lease);
    }

    /** Not on the caller's thread: closing waits for that one. */
    private static void exit(ConfigurableApplicationContext context, int code) {
        Thread.ofPlatform().name("broker-exit").start(() -> System.exit(SpringApplication.exit(context, () -> code)));
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
