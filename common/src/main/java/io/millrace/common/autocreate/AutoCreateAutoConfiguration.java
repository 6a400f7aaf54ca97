package io.millrace.common.autocreate;

import io.millrace.common.api.ClientsAutoConfiguration;
import io.millrace.common.api.ServiceClients;
import io.millrace.common.metadata.ClusterImages;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;

/** For whoever is asked for topics. */
@AutoConfiguration(after = ClientsAutoConfiguration.class)
@ConditionalOnBean(ServiceClients.class)
@EnableConfigurationProperties(AutoCreateSettings.class)
public class AutoCreateAutoConfiguration {
    @Bean
    AutoCreation autoCreation(ServiceClients clients, ClusterImages images, AutoCreateSettings settings) {
        return new AutoCreation(clients::topics, images, settings);
    }
}
