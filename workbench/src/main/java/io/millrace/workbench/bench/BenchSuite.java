package io.millrace.workbench.bench;

import io.millrace.workbench.suite.FreePorts;
import io.millrace.workbench.suite.Progress;
import io.millrace.workbench.suite.Suite;
import io.millrace.workbench.suite.SuiteDirectories;
import io.millrace.workbench.suite.SuiteSettings;
import io.millrace.workbench.suite.SuiteSize;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.random.RandomGenerator;

/**
 * Where a suite is measured: a directory and ports of its own, beside whatever else runs.
 *
 * @param directory of the suite and of all that is measured beside it
 */
public record BenchSuite(Path directory, SuiteSettings settings) {
    private static final Progress QUIET = line -> {};

    /** @param home the root of the project, below whose {@code workbench/target} the directory is made */
    public static BenchSuite of(Path home, int brokers) throws IOException {
        return of(home, brokers, Map.of());
    }

    /** @param environment of the services */
    static BenchSuite of(Path home, int brokers, Map<String, String> environment) throws IOException {
        Path parent = Files.createDirectories(home.resolve("workbench/target/bench"));
        Path directory = Files.createTempDirectory(parent, "run-");
        SuiteSize size = SuiteSize.ofBrokers(brokers);
        return new BenchSuite(directory,
                new SuiteSettings(home, new SuiteDirectories(directory.resolve("suite")), size,
                        FreePorts.find(size, RandomGenerator.getDefault()), environment,
                        SuiteSettings.DEFAULT_READY_TIMEOUT));
    }

    /** Has the suite started as it is ever after: its ahead-of-time caches made. */
    public void prepare(Progress progress) throws IOException, InterruptedException {
        progress.say("preparing the suite (after a build, its ahead-of-time caches)");
        Suite.prepareQuickerStarts(settings, QUIET);
        start().close(); // its database made, too
    }

    public Suite start() throws IOException, InterruptedException {
        Suite suite = Suite.prepare(settings, QUIET);
        try {
            suite.start();
            return suite;
        } catch (IOException | InterruptedException | RuntimeException e) {
            suite.close();
            throw e;
        }
    }

    public void delete() throws IOException {
        SuiteDirectories.deleteRecursively(directory);
    }
}
