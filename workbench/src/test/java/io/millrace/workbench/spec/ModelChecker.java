package io.millrace.workbench.spec;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** TLC, in a process of its own for each model: it keeps static state and ends its process when it is done. */
final class ModelChecker {
    private static final Pattern VIOLATED = Pattern.compile("Error: (?:Invariant|Action property) (\\w+) is violated");
    private static final Pattern COUNTS = Pattern.compile(
            "(\\d+) states generated, (\\d+) distinct states found, (\\d+) states left on queue");
    private static final String NO_ERROR = "Model checking completed. No error has been found.";
    private static final String HEAP = "-Xmx2g";
    private static final String WORKERS = "2";

    private final Path directory;
    private final Duration limit;

    /**
     * @param directory an empty one, for TLC's files
     * @param limit     how long a model may take
     */
    ModelChecker(Path directory, Duration limit) {
        this.directory = directory;
        this.limit = limit;
    }

    /**
     * @param violated       what does not hold
     * @param distinctStates how many there are, or were seen until the violation
     */
    record Outcome(Optional<String> violated, boolean completed, long distinctStates, String output) {}

    /** @throws AssertionError if TLC does not end in time */
    Outcome check(Path specification, Path configuration) throws IOException, InterruptedException {
        Path output = directory.resolve("output");
        Files.copy(specification, directory.resolve(specification.getFileName()));
        Files.copy(configuration, directory.resolve("model.cfg"));
        Process checker = new ProcessBuilder(command(specification.getFileName().toString()))
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            if (!checker.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new AssertionError(configuration + " takes longer than " + limit + ":\n" + Files.readString(
                        output));
            }
        } finally {
            checker.destroyForcibly().waitFor();
        }
        return outcome(Files.readString(output));
    }

    private List<String> command(String specification) {
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                HEAP,
                "-XX:+UseSerialGC",
                "-Djava.io.tmpdir=" + directory,
                "-cp",
                archive().toString(),
                "tlc2.TLC",
                "-workers",
                WORKERS,
                "-metadir",
                directory.resolve("states").toString(),
                "-config",
                "model.cfg",
                specification);
    }

    private static Path archive() {
        try {
            return Path.of(
                    Class.forName("tlc2.TLC").getProtectionDomain().getCodeSource().getLocation().toURI());
        } catch (ClassNotFoundException | URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Outcome outcome(String output) {
        var violated = VIOLATED.matcher(output).results().findFirst().map(match -> match.group(1));
        long distinctStates = COUNTS.matcher(output)
                .results()
                .reduce((_, last) -> last)
                .map((MatchResult counts) -> Long.parseLong(counts.group(2)))
                .orElse(0L);
        return new Outcome(violated, output.contains(NO_ERROR), distinctStates, output);
    }
}
