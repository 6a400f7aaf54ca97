package io.millrace.specification;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
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

    private final Path directory;
    private final Size size;

    /** How much there is to walk through. */
    enum Size {
        /** Done in seconds, most of which a better compiler would take for itself; two of these at once are faster than one with two workers. */
        SMALL(Duration.ofMinutes(3), "1", List.of("-Xms512m", "-Xmx1g", "-Xmn300m", "-XX:TieredStopAtLevel=1")),
        LARGE(Duration.ofHours(2), "2", List.of("-Xmx2g"));

        private final Duration limit;
        private final String workers;
        private final List<String> options;

        Size(Duration limit, String workers, List<String> options) {
            this.limit = limit;
            this.workers = workers;
            this.options = options;
        }
    }

    /** @param directory an empty one, for TLC's files */
    ModelChecker(Path directory, Size size) {
        this.directory = directory;
        this.size = size;
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
            if (!checker.waitFor(size.limit.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new AssertionError(configuration + " takes longer than " + size.limit + ":\n" + Files
                        .readString(output));
            }
        } finally {
            checker.destroyForcibly().waitFor();
        }
        return outcome(Files.readString(output));
    }

    private List<String> command(String specification) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(size.options);
        command.addAll(List.of(
                "-XX:+UseSerialGC",
                "-Djava.io.tmpdir=" + directory,
                "-cp",
                archive().toString(),
                "tlc2.TLC",
                "-workers",
                size.workers,
                "-metadir",
                directory.resolve("states").toString(),
                "-config",
                "model.cfg",
                specification));
        return command;
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
