package io.millrace.workbench.torture;

import io.millrace.workbench.suite.EndOnSignal;
import io.millrace.workbench.suite.LaunchRefusedException;
import io.millrace.workbench.suite.SuiteDirectories;
import io.millrace.workbench.suite.SuiteSettings;
import io.millrace.workbench.suite.SuiteSize;
import io.millrace.workbench.torture.plan.Plan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** {@code ./millrace torture}. */
@Command(name = "torture", description = "Kills, stops, cuts off and starves the processes of a suite of its own while it is written to and read, "
        + "and judges what was seen. Exit status 1 on an anomaly.", mixinStandardHelpOptions = true)
public final class TortureCommand implements Callable<Integer> {
    private static final int CLEAN = 0;
    private static final int ANOMALIES = 1;
    private static final int OF_EACH_OTHER = 2;
    private static final int LEAST_BROKERS = 3;
    private static final int MOST_BROKERS = 5;
    private static final int SECONDS_A_MINUTE = 60;

    @Option(names = "--minutes", paramLabel = "N", defaultValue = "10", description = "How long (default: ${DEFAULT-VALUE}).")
    private double minutes;

    @Option(names = "--seed", paramLabel = "S", description = "The faults of a former run (default: new ones).")
    private @Nullable Long seed;

    @Option(names = "--brokers", paramLabel = "N", defaultValue = "3", description = "3 to 5 (default: ${DEFAULT-VALUE}).")
    private int brokers;

    @Option(names = "--reader-pause", paramLabel = "MS", defaultValue = "0", description = "Milliseconds that its Kafka consumers wait before each poll, to leave "
            + "the processor to others (default: ${DEFAULT-VALUE}).")
    private int readerPauseMs;

    @Option(names = "--json", description = "Print the result as JSON; what happens meanwhile goes to the standard error.")
    private boolean json;

    /** As JSON. */
    record Result(long seed, int brokers, double minutes, Report report) {}

    @Override
    public Integer call() throws Exception {
        if (brokers < LEAST_BROKERS || brokers > MOST_BROKERS) {
            throw new LaunchRefusedException("--brokers " + brokers + " is not between " + LEAST_BROKERS + " and "
                    + MOST_BROKERS);
        }
        if (!(minutes > 0)) {
            throw new LaunchRefusedException("--minutes " + minutes + " is no time");
        }
        if (readerPauseMs < 0) {
            throw new LaunchRefusedException("--reader-pause " + readerPauseMs + " is no time");
        }
        return EndOnSignal.run(this::torture);
    }

    private Integer torture() throws IOException, InterruptedException {
        Path home = SuiteSettings.projectRoot();
        Path parent = Files.createDirectories(home.resolve("workbench/target/torture"));
        Path directory = Files.createTempDirectory(parent, "run-");
        SuiteSize size = new SuiteSize(brokers, OF_EACH_OTHER, OF_EACH_OTHER, OF_EACH_OTHER);
        long drawnFrom = seed != null ? seed : ThreadLocalRandom.current().nextInt(1, Integer.MAX_VALUE);
        Duration length = Duration.ofSeconds(Math.round(minutes * SECONDS_A_MINUTE));
        System.err.println("seed " + drawnFrom);
        Report report = new Torture(directory, Map.of(), size,
                Plan.of(drawnFrom, size, length, Nemesis.canFillDisks()), length, Duration.ofMillis(readerPauseMs),
                System.err::println).run();
        if (report.isClean()) {
            SuiteDirectories.deleteRecursively(directory);
        } else {
            System.err.println("data and logs: " + directory);
        }
        System.out.println(json
                ? JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build()
                        .writeValueAsString(new Result(drawnFrom, brokers, minutes, report))
                : report.text() + "seed " + drawnFrom);
        return report.isClean() ? CLEAN : ANOMALIES;
    }
}
