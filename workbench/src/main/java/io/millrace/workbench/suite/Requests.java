package io.millrace.workbench.suite;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * What other commands ask of the launcher that supervises a suite. A request is a file; when it has been carried out, or refused, another file
 * says so and the first one goes. What nobody waited for is forgotten when a suite starts.
 */
public final class Requests {
    private static final String ADD_BROKER = "add-broker";
    private static final String REMOVE = "remove-";
    private static final String DONE = ".done";
    private static final String REFUSED = ".refused";
    private static final long POLL_MS = 50;

    private Requests() {}

    /** Who carries them out. */
    interface Brokers {
        String addBroker() throws IOException;

        void removeBroker(String name) throws IOException, InterruptedException;
    }

    /** Asks for one broker more, and waits until it is started. @return its name */
    public static String addBroker(SuiteDirectories directories, Duration timeout)
            throws IOException, InterruptedException {
        return ask(directories, ADD_BROKER, timeout);
    }

    /** Asks for a broker to be ended for good, and waits until it has. */
    public static void removeBroker(SuiteDirectories directories, int broker, Duration timeout)
            throws IOException, InterruptedException {
        ask(directories, REMOVE + directories.broker(broker).getFileName(), timeout);
    }

    private static String ask(SuiteDirectories directories, String request, Duration timeout)
            throws IOException, InterruptedException {
        Path folder = Files.createDirectories(directories.requests());
        Path asked = folder.resolve(request);
        Path done = folder.resolve(request + DONE);
        Path refused = folder.resolve(request + REFUSED);
        try {
            Files.createFile(asked);
        } catch (FileAlreadyExistsException e) {
            throw new LaunchRefusedException("the same has been asked for already and is not done yet");
        }
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

    /** Forgets what was asked of an earlier launcher. */
    static void forget(SuiteDirectories directories) throws IOException {
        SuiteDirectories.deleteRecursively(directories.requests());
    }

    /** @return whether anything was asked for */
    static boolean carryOut(SuiteDirectories directories, Brokers suite, Progress progress)
            throws InterruptedException {
        List<Path> asked = asked(directories.requests());
        for (Path request : asked) {
            try {
                try {
                    answer(request, DONE, carryOut(request.getFileName().toString(), suite, progress));
                } catch (LaunchRefusedException | IOException e) {
                    answer(request, REFUSED, String.valueOf(e.getMessage()));
                }
            } catch (IOException e) { // who asked will say that no answer came
                progress.say("what was asked for by " + request + " cannot be answered: " + e);
            }
        }
        return !asked.isEmpty();
    }

    private static String carryOut(String request, Brokers suite, Progress progress)
            throws IOException, InterruptedException {
        if (request.equals(ADD_BROKER)) {
            String added = suite.addBroker();
            progress.say("starting " + added);
            return added;
        }
        String name = request.substring(REMOVE.length());
        suite.removeBroker(name);
        progress.say(name + " stopped, and is no part of this suite any more");
        return name;
    }

    /** Written aside and renamed: who waits for it reads it whole. */
    private static void answer(Path request, String suffix, String text) throws IOException {
        Path written = Files.writeString(request.resolveSibling(request.getFileName() + ".new"), text);
        Files.deleteIfExists(request);
        Files.move(written, request.resolveSibling(request.getFileName() + suffix), StandardCopyOption.ATOMIC_MOVE);
    }

    private static List<Path> asked(Path folder) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> isRequest(file.getFileName().toString())).sorted().toList();
        } catch (IOException e) {
            return List.of(); // looked at again in a moment
        }
    }

    private static boolean isRequest(String name) {
        OptionalInt removed = name.startsWith(REMOVE) ? SuiteDirectories.brokerId(name.substring(REMOVE.length()))
                : OptionalInt.empty();
        return name.equals(ADD_BROKER) || removed.isPresent();
    }
}
