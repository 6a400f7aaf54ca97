package io.millrace.common.partition;

import io.millrace.common.metadata.MetadataAutoConfiguration;
import io.millrace.common.metadata.MetadataTransaction;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.context.annotation.Bean;
import org.springframework.jdbc.core.simple.JdbcClient;

/** The rows of partitions, for those who elect leaders and for those who lead. */
@AutoConfiguration(after = MetadataAutoConfiguration.class)
@ConditionalOnBean(MetadataTransaction.class)
public class PartitionAutoConfiguration {
    @Bean
    PartitionTable partitionTable(JdbcClient sql) {
        return new PartitionTable(sql);
    }

    @Bean
    PostgresIsrChanges isrChanges(MetadataTransaction transaction, JdbcClient sql) {
        return new PostgresIsrChanges(transaction, sql);
    }
}
