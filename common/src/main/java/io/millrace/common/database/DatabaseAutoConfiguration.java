package io.millrace.common.database;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.flyway.autoconfigure.FlywayAutoConfiguration;
import org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration;
import org.springframework.boot.jdbc.autoconfigure.JdbcConnectionDetails;
import org.springframework.context.annotation.Bean;

/** PostgreSQL as every service uses it, from {@code spring.datasource.*}. */
@AutoConfiguration(after = {DataSourceAutoConfiguration.class, FlywayAutoConfiguration.class})
@ConditionalOnBean(JdbcConnectionDetails.class)
public class DatabaseAutoConfiguration {
    @Bean
    @ConditionalOnMissingBean
    PostgresConnections postgresConnections(JdbcConnectionDetails details) {
        return new PostgresConnections(details.getJdbcUrl(), details.getUsername(), details.getPassword());
    }
}
