package io.millrace.gateway.producer;

import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.wire.BrokerClient;
import io.millrace.gateway.brokers.BrokersProperties;
import io.millrace.gateway.brokers.Leaders;
import io.millrace.gateway.brokers.Shutdown;
import java.util.concurrent.ThreadLocalRandom;
import java.util.random.RandomGenerator;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The producer and its meters. Being made from the broker connections, it is closed before they are. */
@Configuration(proxyBeanMethods = false)
class ProducerConfiguration {
    @Bean(destroyMethod = "close")
    Producer producer(ClusterImages images, Leaders leaders, BrokerClient client, ProducerProperties properties,
            BrokersProperties brokers, Shutdown shutdown) {
        if (brokers.olderLeaderPatience().compareTo(properties.deliveryTimeout()) < 0) {
            throw new IllegalArgumentException("millrace.brokers.older-leader-patience " + brokers.olderLeaderPatience()
                    + " is below millrace.producer.delivery-timeout " + properties.deliveryTimeout());
        }
        RandomGenerator random = () -> ThreadLocalRandom.current().nextLong();
        var producer = new Producer(images, leaders, client, properties, random);
        shutdown.onBegin(producer::beginShutdown);
        return producer;
    }

    @Bean
    ProducerMeters producerMeters(MeterRegistry registry, Producer producer) {
        return new ProducerMeters(registry, producer);
    }
}
