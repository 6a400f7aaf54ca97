package io.millrace.workbench.suite;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/**
 * Asks the launcher that supervises a suite to do something. A request is a file with a name of its own; when it has been carried out, or refused, another
 * file says so and the first one goes. Each may be repeated: what is done already is answered as done. {@link OpenRequests} is the launcher's
 * side.
 */
public final class Requests {
    private static final long POLL_MS = 50;

    private Requests() {}

    /** Asks for one broker more, and waits until it is started. @return its name */
    public static String addBroker(SuiteDirectories directories, Duration timeout)
            throws IOException, InterruptedException {
        return ask(directories, OpenRequests.ADD_BROKER, timeout);
    }

    /** Asks for a broker's process to be ended and not to be started again while this suite is up, and waits until it has ended. */
    public static void endBroker(SuiteDirectories directories, int broker, Duration timeout)
            throws IOException, InterruptedException {
        ask(directories, OpenRequests.END_BROKER + broker, timeout);
    }

    /** Asks for the directory of a broker that was ended to be renamed, so that the next suite does without it. */
    public static void putAsideBroker(SuiteDirectories directories, int broker, Duration timeout)
            throws IOException, InterruptedException {
        ask(directories, OpenRequests.PUT_ASIDE_BROKER + broker, timeout);
    }

    private static String ask(SuiteDirectories directories, String what, Duration timeout)
            throws IOException, InterruptedException {
        Path folder = Files.createDirectories(directories.requests());
        String request = what + "." + UUID.randomUUID();
        Path asked = Files.createFile(folder.resolve(request));
        Path done = folder.resolve(request + OpenRequests.DONE);
        Path refused = folder.resolve(request + OpenRequests.REFUSED);
        long deadlineNanos = System.nanoTime() + timeout.toNanos();
        while (System.nanoTime() - deadlineNanos < 0) {
            if (Files.exists(refused)) {
                throw new LaunchRefusedException(take(refused));
            }
            if (Files.exists(done)) {
                return take(done);
            }
            TimeUnit.MILLISECONDS.sleep(POLL_MS);
        }
        Files.deleteIfExists(asked);
        throw new LaunchRefusedException("the launcher did not answer within " + timeout.toSeconds() + " s; its log: "
                + directories.launcherLog());
    }

    private static String take(Path answer) throws IOException {
        String text = Files.readString(answer);
        Files.delete(answer);
        return text;
    }
}
