package io.millrace.workbench.suite;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A process of the suite, started by this launcher or found again after an earlier one. */
final class RunningService {
    private static final Duration KILL_PATIENCE = Duration.ofSeconds(10);

    private final String name;
    private final ProcessHandle process;
    private final ProcessIdentity identity;

    private RunningService(String name, ProcessHandle process) {
        this.name = name;
        this.process = process;
        this.identity = ProcessIdentity.of(process);
    }

    static RunningService start(ServiceSpec spec) throws IOException {
        Console.bound(spec.console(), Console.KEPT_BYTES);
        ProcessBuilder builder = new ProcessBuilder(Commands.inOwnSession(spec.command()))
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(spec.console().toFile()));
        builder.environment().putAll(spec.environment());
        return new RunningService(spec.name(), builder.start().toHandle());
    }

    static RunningService found(String name, ProcessHandle process) {
        return new RunningService(name, process);
    }

    String name() {
        return name;
    }

    ProcessIdentity identity() {
        return identity;
    }

    boolean isAlive() {
        return process.isAlive();
    }

    CompletableFuture<ProcessHandle> onExit() {
        return process.onExit();
    }

    /** Asks it to end, and kills it when it has not after {@code patience}. */
    boolean stop(Duration patience) throws InterruptedException {
        askToEnd();
        if (awaitExit(patience)) {
            return true;
        }
        kill();
        return false;
    }

    /** SIGKILL: it gets no chance to tidy up. */
    void kill() throws InterruptedException {
        process.destroyForcibly();
        awaitExit(KILL_PATIENCE);
    }

    private void askToEnd() {
        if (name.equals(PostgresCluster.NAME)) {
            // SIGINT is PostgreSQL's "fast shutdown"; SIGTERM would wait until every client has gone.
            try {
                new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start();
                return;
            } catch (IOException e) {
                // no kill(1): SIGTERM it is, and the clients are gone by now
            }
        }
        process.destroy();
    }

    private boolean awaitExit(Duration patience) throws InterruptedException {
        try {
            process.onExit().get(patience.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return !process.isAlive();
        } catch (ExecutionException e) {
            throw new IllegalStateException("waiting for " + name, e);
        }
    }

    static List<String> lastWords(ServiceSpec spec, int lines) {
        List<String> console = LogTail.lastLines(spec.console(), lines);
        if (spec.log().equals(spec.console())) {
            return console;
        }
        List<String> log = LogTail.lastLines(spec.log(), lines);
        return log.isEmpty() ? console : log;
    }
}
