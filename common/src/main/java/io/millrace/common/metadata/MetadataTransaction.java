package io.millrace.common.metadata;

import java.util.function.LongFunction;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * The way every change of the cluster's metadata is written: take the next cluster version, which excludes all other metadata
 * transactions until the commit; change rows, stamping each with that version; tell the feeds.
 */
public final class MetadataTransaction {
    /** The name under which changes are notified. */
    public static final String CHANNEL = "millrace_metadata";

    private final JdbcClient sql;
    private final TransactionTemplate transactions;

    public MetadataTransaction(JdbcClient sql, PlatformTransactionManager transactionManager) {
        this.sql = sql;
        this.transactions = new TransactionTemplate(transactionManager);
        // Each statement must see what was committed before the version was taken, which a snapshot of the whole transaction would not.
        this.transactions.setIsolationLevel(TransactionDefinition.ISOLATION_READ_COMMITTED);
    }

    /**
     * Runs the change with the version that it must stamp on each row it inserts or updates. An exception from it undoes everything and is
     * passed on.
     */
    public <T> T write(LongFunction<T> change) {
        return transactions.execute(_ -> {
            long version = sql.sql("""
                    with next as (update metadata.cluster set version = version + 1 returning version)
                    select version, pg_notify('%s', '') from next
                    """.formatted(CHANNEL))
                    .query((row, _) -> row.getLong(1))
                    .single();
            return change.apply(version);
        });
    }
}
