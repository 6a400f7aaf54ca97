package io.millrace.gateway.produce;

import io.millrace.gateway.edge.BodyMemory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The one account of large bodies. */
@Configuration(proxyBeanMethods = false)
class ProduceConfiguration {
    @Bean
    BodyMemory bodyMemory(ProduceProperties properties) {
        return new BodyMemory(properties.bodyMemory().toBytes());
    }
}
