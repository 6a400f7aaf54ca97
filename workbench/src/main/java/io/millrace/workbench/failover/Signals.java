package io.millrace.workbench.failover;

import java.io.IOException;

/** Signals that Java has no call for. */
final class Signals {
    private Signals() {}

    static void pause(long pid) throws IOException, InterruptedException {
        send("-STOP", pid);
    }

    static void resume(long pid) throws IOException, InterruptedException {
        send("-CONT", pid);
    }

    private static void send(String signal, long pid) throws IOException, InterruptedException {
        int status = new ProcessBuilder("kill", signal, Long.toString(pid)).inheritIO().start().waitFor();
        if (status != 0) {
            throw new IOException("kill " + signal + " " + pid + " ended with status " + status);
        }
    }
}
