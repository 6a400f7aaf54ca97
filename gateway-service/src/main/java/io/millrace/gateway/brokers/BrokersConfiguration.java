package io.millrace.gateway.brokers;

import io.millrace.common.wire.BrokerClient;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The connections to the brokers. */
@Configuration(proxyBeanMethods = false)
class BrokersConfiguration {
    @Bean(destroyMethod = "close")
    BrokerClient brokerClient(BrokersProperties properties) {
        return BrokerClient.create(properties.client());
    }
}
