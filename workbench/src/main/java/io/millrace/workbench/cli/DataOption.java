package io.millrace.workbench.cli;

import io.millrace.workbench.suite.SuiteDirectories;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Which suite is meant: every command takes the same option. */
final class DataOption {
    @Option(names = "--data", paramLabel = "DIR", defaultValue = "./data", description = "Where the suite keeps data, logs and state (default: ${DEFAULT-VALUE}).")
    private Path data;

    SuiteDirectories directories() {
        return new SuiteDirectories(data);
    }
}
