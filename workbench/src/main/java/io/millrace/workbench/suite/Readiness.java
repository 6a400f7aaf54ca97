package io.millrace.workbench.suite;

import java.io.IOException;
import java.net.ConnectException;
import java.net.HttpURLConnection;
import java.net.URI;
import org.jspecify.annotations.Nullable;

/** Asks a process whether it is ready. */
public final class Readiness {
    private static final int TIMEOUT_MS = 2_000;

    private Readiness() {}

    /** As {@code status} reports it: the very process that was started is alive and says it is ready. */
    public static boolean of(SuiteDirectories directories, RunState.Entry entry) {
        return entry.process().isAlive() && isReady(directories, entry.process().pid(), entry.readiness());
    }

    static boolean isReady(SuiteDirectories directories, long pid, @Nullable String readiness) {
        return readiness == null ? PostgresCluster.isReady(directories, pid) : answersOk(URI.create(readiness));
    }

    /** Whether nobody listens there: a service begins to when all of it has been started. */
    static boolean refusesConnections(URI readiness) {
        try {
            status(readiness);
            return false;
        } catch (ConnectException e) {
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private static boolean answersOk(URI readiness) {
        try {
            return status(readiness) == HttpURLConnection.HTTP_OK;
        } catch (IOException e) {
            return false;
        }
    }

    private static int status(URI readiness) throws IOException {
        HttpURLConnection connection = (HttpURLConnection) readiness.toURL().openConnection();
        connection.setConnectTimeout(TIMEOUT_MS);
        connection.setReadTimeout(TIMEOUT_MS);
        connection.setInstanceFollowRedirects(false);
        try {
            return connection.getResponseCode();
        } finally {
            connection.disconnect();
        }
    }
}
