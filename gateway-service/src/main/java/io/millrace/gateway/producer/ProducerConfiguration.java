package io.millrace.gateway.producer;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.binder.MeterBinder;
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
    MeterBinder producerMetrics(Producer producer) {
        return registry -> {
            Gauge.builder("millrace.producer.buffered", producer, Producer::bufferedBytes).baseUnit("bytes")
                    .description("Records that wait for their leaders or for their answers").register(registry);
            FunctionCounter.builder("millrace.producer.records", producer, Producer::recordsAccepted)
                    .description("Records taken").register(registry);
            FunctionCounter.builder("millrace.producer.retries", producer, Producer::retries)
                    .description("Times that batches were sent again or waited for a leader").register(registry);
        };
    }
}
