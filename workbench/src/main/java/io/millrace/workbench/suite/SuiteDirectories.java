package io.millrace.workbench.suite;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalInt;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What lies where under a suite's data directory. */
public record SuiteDirectories(Path data) {
    private static final Pattern BROKER = Pattern.compile("broker-(\\d{1,4})");

    public SuiteDirectories {
        data = data.toAbsolutePath().normalize();
    }

    public Path postgres() {
        return data.resolve("postgres");
    }

    public Path broker(int broker) {
        return data.resolve(brokerName(broker));
    }

    public Path logs() {
        return data.resolve("logs");
    }

    /** What the service itself logs; rolled by size. */
    public Path log(String name) {
        return logs().resolve(name + ".log");
    }

    /** What the process writes to its standard output and error: what comes before or beside its log. */
    Path console(String name) {
        return logs().resolve(name + ".console");
    }

    /** The supervisor's own words when it runs in the background. */
    public Path launcherLog() {
        return log("launcher");
    }

    Path run() {
        return data.resolve("run");
    }

    public Path stateFile() {
        return run().resolve("suite.json");
    }

    Path lockFile() {
        return run().resolve("lock");
    }

    void create() throws IOException {
        Files.createDirectories(logs());
        Files.createDirectories(run());
    }

    /** Where other commands leave what they ask of the launcher, see {@link OpenRequests}. */
    Path requests() {
        return run().resolve("requests");
    }

    static String brokerName(int broker) {
        return "broker-" + broker;
    }

    /** The id of the broker of this name; none if it is not a broker's. */
    static OptionalInt brokerId(String name) {
        Matcher matcher = BROKER.matcher(name);
        return matcher.matches() ? OptionalInt.of(Integer.parseInt(matcher.group(1))) : OptionalInt.empty();
    }

    /** Renames a broker's directory so that no suite starts this broker by itself; none is fine. */
    void putAsideBroker(int broker) throws IOException {
        Path directory = broker(broker);
        if (!Files.isDirectory(directory)) {
            return;
        }
        for (int number = 1; true; number++) {
            Path aside = directory.resolveSibling("removed-" + directory.getFileName() + "." + number);
            if (!Files.exists(aside)) {
                Files.move(directory, aside, StandardCopyOption.ATOMIC_MOVE);
                return;
            }
        }
    }

    /** Ids of the brokers that have data here; none in a new directory. */
    public SortedSet<Integer> brokersWithData() {
        SortedSet<Integer> ids = new TreeSet<>();
        if (Files.isDirectory(data)) {
            try (Stream<Path> entries = Files.list(data)) {
                entries.forEach(entry -> brokerId(entry.getFileName().toString()).ifPresent(ids::add));
            } catch (IOException e) {
                throw new LaunchRefusedException("cannot read " + data + ": " + e.getMessage());
            }
        }
        return ids;
    }

    /** Deletes a directory with all that is in it; none is fine. */
    public static void deleteRecursively(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> tree = Files.walk(directory)) {
            List<Path> deepestFirst = tree.sorted(Comparator.reverseOrder()).toList();
            for (Path path : deepestFirst) {
                Files.deleteIfExists(path);
            }
        }
    }
}
