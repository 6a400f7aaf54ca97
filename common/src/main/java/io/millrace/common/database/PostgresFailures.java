package io.millrace.common.database;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import org.jspecify.annotations.Nullable;
import org.springframework.transaction.TransactionSystemException;

/** Tells apart PostgreSQL being away or overloaded, which passes and is answered as such, from a fault in a statement. */
public final class PostgresFailures {
    private static final int LONGEST_CHAIN = 20;

    private PostgresFailures() {}

    /** The refusal that such a failure is, or null if the failure is another. */
    public static @Nullable RefusedException refusal(@Nullable Throwable failure) {
        var cause = failure;
        for (int depth = 0; cause != null && depth < LONGEST_CHAIN; depth++, cause = cause.getCause()) {
            if (cause instanceof SQLException sql && passes(sql) || isLostRollback(cause)) {
                return new RefusedException(ErrorCode.UNAVAILABLE, "PostgreSQL is not available at present; try again",
                        failure);
            }
        }
        return null;
    }

    /** A rollback on a connection that broke: the pool says without a state that it is closed, and the first failure is lost. */
    private static boolean isLostRollback(Throwable failure) {
        return failure instanceof TransactionSystemException && failure.getCause() instanceof SQLException sql
                && sql.getSQLState() == null;
    }

    /**
     * By class of the SQL state (PostgreSQL manual, appendix A): 08 connection, 40 transaction rolled back (deadlock), 53 insufficient
     * resources, 57 operator intervention (shutdown, starting up, statement timeout), and 25P03, a transaction ended for being idle.
     */
    private static boolean passes(SQLException failure) {
        if (failure instanceof SQLTransientConnectionException) {
            return true;
        }
        String state = failure.getSQLState();
        return state != null && (state.startsWith("08")
                || state.startsWith("40")
                || state.startsWith("53")
                || state.startsWith("57")
                || state.equals("25P03"));
    }
}
