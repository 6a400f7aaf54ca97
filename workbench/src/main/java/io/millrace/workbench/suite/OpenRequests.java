package io.millrace.workbench.suite;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What other commands have asked of the launcher by {@link Requests} and is not answered yet. The launcher's loop looks after it and never waits here:
 * what takes its time goes on beside the loop, and is answered in a later round.
 */
final class OpenRequests {
    static final String ADD_BROKER = "add-broker";
    static final String END_BROKER = "end-broker-";
    static final String PUT_ASIDE_BROKER = "put-aside-broker-";
    static final String DONE = ".done";
    static final String REFUSED = ".refused";
    /** Beside requests there are answers, whose names go on after the last of these. */
    private static final Pattern REQUEST = Pattern.compile(
            "(add-broker|end-broker-|put-aside-broker-)(\\d{1,4})?\\.[0-9a-f-]{36}");

    private sealed interface Request {
        record AddBroker() implements Request {}

        record EndBroker(int broker) implements Request {}

        record PutAsideBroker(int broker) implements Request {}
    }

    /** Who carries them out; all calls come from the launcher's loop. */
    interface Brokers {
        String addBroker() throws IOException;

        /** Begins to end it; completes when its process has gone. */
        CompletableFuture<Void> endBroker(int broker);

        /** Its process has gone: it is no part of the suite any more. */
        void dismissBroker(int broker) throws IOException;

        void putAsideBroker(int broker) throws IOException;
    }

    /** A request to end a broker that is under way. */
    private record Ending(int broker, CompletableFuture<Void> gone) {}

    private final Path folder;
    private final Brokers suite;
    private final Progress progress;
    private final Map<Path, Ending> endings = new HashMap<>();

    OpenRequests(Path folder, Brokers suite, Progress progress) {
        this.folder = folder;
        this.suite = suite;
        this.progress = progress;
    }

    /** Forgets what was asked of an earlier launcher. */
    static void forget(SuiteDirectories directories) throws IOException {
        SuiteDirectories.deleteRecursively(directories.requests());
    }

    /** Begins what is asked for and ends what has come to its end; answers whether there was anything. */
    boolean carryOut() {
        boolean isAny = false;
        for (Path file : files()) {
            Request request = request(file.getFileName().toString());
            if (request != null && !endings.containsKey(file)) {
                isAny = true;
                begin(file, request);
            }
        }
        for (Map.Entry<Path, Ending> ending : List.copyOf(endings.entrySet())) {
            if (ending.getValue().gone().isDone()) {
                isAny = true;
                endings.remove(ending.getKey());
                end(ending.getKey(), ending.getValue());
            }
        }
        return isAny;
    }

    private static @Nullable Request request(String file) {
        Matcher parts = REQUEST.matcher(file);
        if (!parts.matches()) {
            return null;
        }
        boolean isOfBroker = parts.group(2) != null;
        return switch (parts.group(1)) {
            case ADD_BROKER -> isOfBroker ? null : new Request.AddBroker();
            case END_BROKER -> isOfBroker ? new Request.EndBroker(Integer.parseInt(parts.group(2))) : null;
            default -> isOfBroker ? new Request.PutAsideBroker(Integer.parseInt(parts.group(2))) : null;
        };
    }

    private void begin(Path file, Request request) {
        answerUnlessLater(file, () -> switch (request) {
            case Request.AddBroker() -> {
                String added = suite.addBroker();
                progress.say("starting " + added);
                yield added;
            }
            case Request.EndBroker(int broker) -> {
                endings.put(file, new Ending(broker, suite.endBroker(broker)));
                yield "";
            }
            case Request.PutAsideBroker(int broker) -> {
                suite.putAsideBroker(broker);
                yield Integer.toString(broker);
            }
        });
    }

    private void end(Path file, Ending ending) {
        answerUnlessLater(file, () -> {
            if (ending.gone().isCompletedExceptionally()) {
                throw new LaunchRefusedException("broker " + ending.broker() + " was not ended: " + ending.gone()
                        .exceptionNow());
            }
            suite.dismissBroker(ending.broker());
            progress.say("broker-" + ending.broker() + " stopped, and is no part of this suite any more");
            return Integer.toString(ending.broker());
        });
    }

    @FunctionalInterface
    private interface Deed {
        String run() throws IOException;
    }

    private void answerUnlessLater(Path file, Deed deed) {
        try {
            try {
                String answer = deed.run();
                if (!endings.containsKey(file)) {
                    answer(file, DONE, answer);
                }
            } catch (LaunchRefusedException | IOException e) {
                answer(file, REFUSED, String.valueOf(e.getMessage()));
            }
        } catch (IOException e) { // who asked will say that no answer came
            progress.say("what was asked for by " + file + " cannot be answered: " + e);
        }
    }

    /** Written aside and renamed: who waits for it reads it whole. Nobody waits when the request has gone. */
    private static void answer(Path file, String suffix, String text) throws IOException {
        Path written = Files.writeString(file.resolveSibling(file.getFileName() + ".new"), text);
        if (Files.deleteIfExists(file)) {
            Files.move(written, file.resolveSibling(file.getFileName() + suffix), StandardCopyOption.ATOMIC_MOVE);
        } else {
            Files.delete(written);
        }
    }

    private List<Path> files() {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        } catch (IOException e) {
            return List.of(); // looked at again in a moment
        }
    }
}
