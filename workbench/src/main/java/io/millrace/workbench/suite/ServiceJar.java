package io.millrace.workbench.suite;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * A service's jar, laid out for a quick start: its libraries beside it instead of within it, in a directory that no later build touches
 * while the service runs.
 */
final class ServiceJar {
    private static final Duration EXTRACT_TIMEOUT = Duration.ofSeconds(60);
    /** A suite started from an older build may still run from its directory. */
    private static final int LAYOUTS_KEPT = 3;
    private static final int MAX_TRAINING_FAILURES = 3;

    private final Path directory;
    private final String name;

    ServiceJar(Path directory, String name) {
        this.directory = directory;
        this.name = name;
    }

    String name() {
        return name;
    }

    Path jar() {
        return directory.resolve(name + ".jar");
    }

    /** Where its ahead-of-time cache (JEP 514) is, once there is one. */
    Path aotCache() {
        return directory.resolve("app.aot");
    }

    boolean isWorthTraining() {
        return !Files.isRegularFile(aotCache()) && trainingFailures() < MAX_TRAINING_FAILURES;
    }

    /** Remembered beside the cache that did not come to be: the same jar is not tried for ever. */
    void noteTrainingFailure(String why) throws IOException {
        Files.writeString(failures(), why + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    private int trainingFailures() {
        try {
            return Files.isRegularFile(failures()) ? Files.readAllLines(failures()).size() : 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Path failures() {
        return directory.resolve("training.failures");
    }

    /**
     * @param module the service's module, as {@code broker-service}
     * @param home   the root of the project
     */
    static ServiceJar layOut(String module, Path home, Path java) throws IOException, InterruptedException {
        Path built = builtJar(home.resolve(module).resolve("target"), module);
        Path layouts = home.resolve("workbench/target/services").resolve(module);
        Path layout = layouts.resolve(Long.toString(Files.getLastModifiedTime(built).toMillis(), 36) + "-"
                + Long.toString(Files.size(built), 36));
        if (!Files.isDirectory(layout)) {
            Files.createDirectories(layouts);
            Path unfinished = Files.createTempDirectory(layouts, "unfinished-");
            try {
                extract(built, module, unfinished, java);
                moveInPlace(unfinished.resolve("app"), layout);
            } finally {
                SuiteDirectories.deleteRecursively(unfinished);
            }
            forgetOldLayouts(layouts);
        }
        return new ServiceJar(layout, module);
    }

    private static void extract(Path built, String module, Path unfinished, Path java)
            throws IOException, InterruptedException {
        Path log = unfinished.resolve("extract.log");
        List<String> extract = List.of(java.toString(), "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC",
                "-Djarmode=tools", "-jar", built.toString(), "extract", "--destination",
                unfinished.resolve("app").toString(), "--application-filename", module + ".jar");
        if (Commands.run(extract, log, Path.of("/dev/null"), EXTRACT_TIMEOUT) != 0) {
            throw new LaunchRefusedException(
                    built + " could not be unpacked:\n  " + String.join("\n  ", LogTail.lastLines(log, 10)));
        }
    }

    /** The layout appears whole. Where another launcher was faster, its layout stays and this one is left. */
    static void moveInPlace(Path unpacked, Path layout) throws IOException {
        try {
            Files.move(unpacked, layout, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            if (!Files.isDirectory(layout)) {
                throw e;
            }
        }
    }

    private static Path builtJar(Path target, String module) throws IOException {
        if (Files.isDirectory(target)) {
            try (Stream<Path> files = Files.list(target)) {
                List<Path> jars = files.filter(file -> isServiceJar(file.getFileName().toString(), module)).toList();
                if (jars.size() == 1) {
                    return jars.getFirst();
                }
            }
        }
        throw new LaunchRefusedException(
                "there is no " + module + " jar in " + target + ": build with \"mvn -DskipTests package\"");
    }

    private static boolean isServiceJar(String file, String module) {
        return file.startsWith(module + "-") && file.endsWith(".jar")
                && !file.endsWith("-tests.jar") && !file.endsWith("-sources.jar") && !file.endsWith("-javadoc.jar");
    }

    private static void forgetOldLayouts(Path layouts) throws IOException {
        List<Path> newestFirst;
        try (Stream<Path> all = Files.list(layouts)) {
            newestFirst = all.sorted(Comparator.comparing((Path layout) -> layout.toFile().lastModified()).reversed())
                    .toList();
        }
        for (Path old : newestFirst.subList(Math.min(LAYOUTS_KEPT, newestFirst.size()), newestFirst.size())) {
            SuiteDirectories.deleteRecursively(old);
        }
    }
}
