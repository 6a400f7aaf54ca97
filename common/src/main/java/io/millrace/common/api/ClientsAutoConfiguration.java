package io.millrace.common.api;

import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.metadata.MetadataAutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;

/** Clients of the other services. */
@AutoConfiguration(after = MetadataAutoConfiguration.class)
@ConditionalOnBean(ClusterImages.class)
@EnableConfigurationProperties(ClientSettings.class)
public class ClientsAutoConfiguration {
    @Bean
    @ConditionalOnMissingBean(ServiceClients.class)
    ImageServiceClients serviceClients(ClusterImages images, ClientSettings settings) {
        return new ImageServiceClients(images, settings);
    }
}
