package io.millrace.offset.database;

import io.millrace.common.database.PostgresFailures;
import java.sql.SQLException;
import java.util.Set;

/** What to make of a failed statement. */
public final class DatabaseFaults {
    /** Serialization failure and deadlock (PostgreSQL manual, appendix A). */
    private static final Set<String> RETRY_AT_ONCE = Set.of("40001", "40P01");

    private DatabaseFaults() {}

    /** Nothing was stored, and the same again is likely to succeed. */
    public static boolean isRetriableAtOnce(RuntimeException failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLException sql && sql.getSQLState() != null) {
                return RETRY_AT_ONCE.contains(sql.getSQLState());
            }
        }
        return false;
    }

    /** The refusal of what failed because PostgreSQL is away or overloaded; any other failure as it is. */
    public static RuntimeException translate(RuntimeException failure) {
        var refusal = PostgresFailures.refusal(failure);
        return refusal != null ? refusal : failure;
    }
}
