package io.millrace.workbench.cli;

import io.millrace.workbench.suite.LaunchRefusedException;
import io.millrace.workbench.suite.Readiness;
import io.millrace.workbench.suite.Requests;
import io.millrace.workbench.suite.RunState;
import io.millrace.workbench.suite.SuiteDirectories;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code ./millrace add-broker}. */
@Command(name = "add-broker", description = "Starts one broker more in the suite that runs; \"./millrace rebalance\" then gives it its share.", mixinStandardHelpOptions = true)
final class AddBrokerCommand implements Callable<Integer> {
    /** The launcher looks several times a second, unless it is busy starting something else. */
    private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(30);
    private static final long POLL_MS = 100;

    @Mixin
    private DataOption data;

    @Option(names = "--wait", paramLabel = "SECONDS", defaultValue = "120", description = "How long the broker may take to become ready (default: ${DEFAULT-VALUE}).")
    private int waitSeconds;

    @Override
    public Integer call() throws Exception {
        SuiteDirectories directories = data.directories();
        AdminCalls.running(directories);
        String name = Requests.addBroker(directories, ANSWER_TIMEOUT);
        System.out.println("starting " + name);
        long deadlineNanos = System.nanoTime() + Duration.ofSeconds(waitSeconds).toNanos();
        while (System.nanoTime() - deadlineNanos < 0) {
            Optional<RunState.Entry> entry = RunState.read(directories).stream()
                    .flatMap(state -> state.processes().stream()).filter(each -> each.name().equals(name)).findFirst();
            if (entry.isPresent() && Readiness.of(directories, entry.get())) {
                System.out.println(name + " is ready: Kafka on " + entry.get().kafka()
                        + ". It gets new topics' partitions; \"./millrace rebalance\" gives it its share of those there are");
                return 0;
            }
            TimeUnit.MILLISECONDS.sleep(POLL_MS);
        }
        throw new LaunchRefusedException(name + " is not ready within " + waitSeconds + " s: see \"./millrace logs "
                + name + "\"");
    }
}
