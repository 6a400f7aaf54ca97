package io.millrace.offset.reset;

import io.millrace.common.wire.BrokerClient;
import io.millrace.common.wire.BrokerClientConfig;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

@Configuration(proxyBeanMethods = false)
class BrokerClientConfiguration {
    @Bean
    BrokerClient brokerClient() {
        return BrokerClient.create(BrokerClientConfig.withClientId("millrace-offset"));
    }
}
