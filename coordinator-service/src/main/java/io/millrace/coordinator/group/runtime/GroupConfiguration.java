package io.millrace.coordinator.group.runtime;

import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** What the group runtime is made with. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(GroupSettings.class)
class GroupConfiguration {
    @Bean
    MonotonicClock monotonicClock() {
        return MonotonicClock.SYSTEM;
    }
}
