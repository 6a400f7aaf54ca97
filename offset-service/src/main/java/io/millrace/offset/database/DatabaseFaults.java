package io.millrace.offset.database;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import java.sql.SQLException;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataAccessException;
import org.springframework.transaction.TransactionException;

/** Tells PostgreSQL's passing troubles, which a caller may wait out, from mistakes of a statement. */
public final class DatabaseFaults {
    private static final Set<String> RETRY_AT_ONCE = Set.of("40001", "40P01");
    /**
     * Classes of SQLSTATE: connection, transaction rollback, insufficient resources, operator intervention (which holds the statement
     * timeout and a server that starts or stops), system error; and a lock not got in time, a server that is a read-only standby.
     */
    private static final Set<String> PASSING_CLASSES = Set.of("08", "40", "53", "57", "58");
    private static final Set<String> PASSING_STATES = Set.of("55P03", "25006");

    private DatabaseFaults() {}

    /** A deadlock or serialization failure: nothing was stored, and the same again is likely to succeed. */
    public static boolean isRetriableAtOnce(RuntimeException failure) {
        var state = sqlState(failure);
        return state != null && RETRY_AT_ONCE.contains(state);
    }

    /** The refusal of what failed because PostgreSQL is away or overloaded; any other failure as it is. */
    public static RuntimeException translate(RuntimeException failure) {
        return isPassing(failure)
                ? new RefusedException(ErrorCode.UNAVAILABLE, "PostgreSQL does not answer now; try again", failure)
                : failure;
    }

    private static boolean isPassing(RuntimeException failure) {
        if (!(failure instanceof DataAccessException) && !(failure instanceof TransactionException)) {
            return false;
        }
        var state = sqlState(failure);
        if (state == null) {
            // No answer from the server at all, such as a pool that could not connect.
            return hasSqlException(failure);
        }
        return PASSING_STATES.contains(state) || state.length() == 5 && PASSING_CLASSES.contains(state.substring(0, 2));
    }

    private static boolean hasSqlException(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLException) {
                return true;
            }
        }
        return false;
    }

    private static @Nullable String sqlState(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLException sql && sql.getSQLState() != null) {
                return sql.getSQLState();
            }
        }
        return null;
    }
}
