package io.millrace.workbench.cli;

import io.millrace.workbench.suite.EndOnSignal;
import io.millrace.workbench.suite.Ports;
import io.millrace.workbench.suite.Progress;
import io.millrace.workbench.suite.Suite;
import io.millrace.workbench.suite.SuiteDirectories;
import io.millrace.workbench.suite.SuiteSettings;
import io.millrace.workbench.suite.SuiteSize;
import io.millrace.workbench.suite.Supervisor;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code ./millrace up}. */
@Command(name = "up", description = "Starts PostgreSQL and every service, waits until all are ready, and ends them on Ctrl-C.", mixinStandardHelpOptions = true)
final class UpCommand implements Callable<Integer> {
    private static final int DEFAULT_BROKERS = 1;

    @Mixin
    private DataOption data;

    @Option(names = "--brokers", paramLabel = "N", description = "How many brokers (default: as many as have data here, else 1).")
    private @Nullable Integer brokers;

    @Option(names = "--coordinators", paramLabel = "N", defaultValue = "1", description = "How many coordinators (default: ${DEFAULT-VALUE}).")
    private int coordinators;

    @Option(names = "--gateways", paramLabel = "N", defaultValue = "1", description = "How many gateways (default: ${DEFAULT-VALUE}).")
    private int gateways;

    @Option(names = "--offsets", paramLabel = "N", defaultValue = "1", description = "How many offset services (default: ${DEFAULT-VALUE}).")
    private int offsets;

    @Option(names = "--detach", description = "Return once all are ready; end them with \"./millrace down\".")
    private boolean detach;

    @Option(names = "--wait", paramLabel = "SECONDS", defaultValue = "120", description = "How long the suite may take to become ready (default: ${DEFAULT-VALUE}).")
    private int waitSeconds;

    @Override
    public Integer call() throws Exception {
        SuiteDirectories directories = data.directories();
        if (detach) {
            return Detached.start(directories, size(directories), waitSeconds);
        }
        return EndOnSignal.run(() -> {
            run(directories);
            return 0;
        });
    }

    private void run(SuiteDirectories directories) throws IOException, InterruptedException {
        long startedNanos = System.nanoTime();
        Progress progress = System.out::println;
        SuiteSettings settings = new SuiteSettings(SuiteSettings.projectRoot(), directories, size(directories),
                Ports.of(System.getenv()), System.getenv(), Duration.ofSeconds(waitSeconds));
        int withData = directories.brokersWithData().size();
        if (settings.size().brokers() < withData) {
            progress.say("note: " + withData + " brokers have data here and only " + settings.size().brokers()
                    + " are started; partitions of the others stay out of reach");
        }
        try (Suite suite = Suite.prepare(settings, progress)) {
            progress.say("starting " + String.join(", ", suite.names()));
            suite.start(() -> Welcome.print(suite, Duration.ofNanos(System.nanoTime() - startedNanos), progress));
            new Supervisor(suite, progress).run();
            progress.say("stopping");
        }
    }

    private SuiteSize size(SuiteDirectories directories) {
        return new SuiteSize(brokers != null ? brokers
                : Math.max(DEFAULT_BROKERS, directories.brokersWithData().size()),
                coordinators, gateways, offsets);
    }
}
