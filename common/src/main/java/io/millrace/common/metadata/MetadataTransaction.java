package io.millrace.common.metadata;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
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

    private record Taken(long version, boolean trusted) {}

    /**
     * Runs the change with the version that it must stamp on each row it inserts or updates. An exception from it undoes everything and is
     * passed on. Refused with {@code UNAVAILABLE} while it is not known whether the database has lost something that it was told: after
     * its server was started, until the brokers have been asked.
     */
    public <T> T write(LongFunction<T> change) {
        return transactions.execute(_ -> {
            var taken = take();
            if (!taken.trusted()) {
                throw new RefusedException(ErrorCode.UNAVAILABLE,
                        "PostgreSQL was started anew; what it has is being compared with what the brokers know; try again");
            }
            return change.apply(taken.version());
        });
    }

    /** As {@link #write}, for the change that ends or settles such a doubt. */
    public <T> T writeInDoubt(LongFunction<T> change) {
        return transactions.execute(_ -> change.apply(take().version()));
    }

    private Taken take() {
        return sql.sql("""
                with next as (
                    update metadata.cluster set version = version + 1
                    returning version, trusted and contradicted_version is null as trusted
                )
                select version, trusted, pg_notify('%s', '') from next
                """.formatted(CHANNEL))
                .query((row, _) -> new Taken(row.getLong(1), row.getBoolean(2)))
                .single();
    }
}
