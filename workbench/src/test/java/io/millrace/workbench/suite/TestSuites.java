package io.millrace.workbench.suite;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.random.RandomGenerator;

/** Where the suites of the end-to-end tests are, and what makes all of them start quickly. */
public final class TestSuites {
    /** The lock of tests that start a suite of their own: one at a time is enough for two processors. */
    public static final String OWN = "a suite of its own";

    /**
     * For processes that live a minute or two: what the optimizing compiler costs them they never earn back, and without it the barriers of
     * the serial collector are the cheapest.
     */
    public static final Map<String, String> QUICK_COMPILER = Map.of("MILLRACE_JAVA_OPTIONS",
            "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC");

    private static boolean isPrepared;

    private TestSuites() {}

    /** The root of the project. */
    public static Path home() {
        return Path.of(System.getProperty("millrace.home"));
    }

    /** A new directory for the data and logs of one suite; makes sure that suites start quickly from now on. */
    public static Path directory(String prefix) throws IOException, InterruptedException {
        prepareQuickerStarts();
        return newDirectory(prefix);
    }

    private static Path newDirectory(String prefix) throws IOException {
        return Files.createTempDirectory(Files.createDirectories(home().resolve("workbench/target/end-to-end")),
                prefix + "-");
    }

    /** Once for all suites of a build, whoever comes first. */
    public static synchronized void prepareQuickerStarts() throws IOException, InterruptedException {
        if (isPrepared) {
            return;
        }
        Path data = newDirectory("training");
        SuiteSize size = SuiteSize.ofBrokers(1);
        Suite.prepareQuickerStarts(new SuiteSettings(home(), new SuiteDirectories(data), size,
                FreePorts.find(size, RandomGenerator.getDefault()), Map.of(), SuiteSettings.DEFAULT_READY_TIMEOUT),
                System.out::println);
        SuiteDirectories.deleteRecursively(data);
        isPrepared = true;
    }
}
