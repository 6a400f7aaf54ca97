package io.millrace.gateway.producer;

import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.wire.BrokerClient;
import java.util.concurrent.ThreadLocalRandom;
import java.util.random.RandomGenerator;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The producer and its meters. Being made from the broker connections, it is closed before they are. */
@Configuration(proxyBeanMethods = false)
class ProducerConfiguration {
    @Bean(destroyMethod = "close")
    Producer producer(ClusterImages images, BrokerClient client, ProducerProperties properties) {
        RandomGenerator random = () -> ThreadLocalRandom.current().nextLong();
        return new Producer(images, client, properties, random);
    }

    @Bean
    ProducerMeters producerMeters(MeterRegistry registry, Producer producer) {
        return new ProducerMeters(registry, producer);
    }
}
