package io.millrace.common.metadata;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.millrace.common.database.DatabaseAutoConfiguration;
import io.millrace.common.database.PostgresConnections;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.sql.init.dependency.DependsOnDatabaseInitialization;
import org.springframework.boot.transaction.autoconfigure.TransactionAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.PlatformTransactionManager;

/** The cluster image of a service, how old it is, and the way to change what it shows. */
@AutoConfiguration(after = {DatabaseAutoConfiguration.class, TransactionAutoConfiguration.class})
@ConditionalOnBean(PostgresConnections.class)
@EnableConfigurationProperties(MetadataSettings.class)
public class MetadataAutoConfiguration {
    @Bean(initMethod = "start")
    @ConditionalOnMissingBean(ClusterImages.class)
    @DependsOnDatabaseInitialization
    ImageFeed imageFeed(PostgresConnections connections, MetadataSettings settings) {
        return new ImageFeed(connections, settings);
    }

    @Bean
    @ConditionalOnMissingBean
    MetadataTransaction metadataTransaction(JdbcClient sql, PlatformTransactionManager transactionManager) {
        return new MetadataTransaction(sql, transactionManager);
    }

    /** Up once there is an image. While PostgreSQL is away the last one serves on, so that alone takes no service out of rotation. */
    @Bean
    @ConditionalOnBean(ImageFeed.class)
    HealthIndicator imageHealthIndicator(ImageFeed feed) {
        return () -> {
            var image = feed.current();
            return (image == ClusterImage.EMPTY ? Health.outOfService() : Health.up())
                    .withDetail("version", image.version())
                    .withDetail("ageMs", feed.age().toMillis())
                    .withDetail("connected", feed.isConnected())
                    .build();
        };
    }

    @Bean
    @ConditionalOnBean(ImageFeed.class)
    MeterBinder imageMetrics(ImageFeed feed) {
        return (MeterRegistry registry) -> {
            Gauge.builder("millrace.metadata.version", feed, it -> it.current().version())
                    .description("Cluster version of the metadata image")
                    .register(registry);
            Gauge.builder("millrace.metadata.age", feed, it -> it.age().toMillis() / 1000.0)
                    .description("Time since the metadata image was known to be the newest")
                    .baseUnit("seconds")
                    .register(registry);
        };
    }
}
