package io.millrace.workbench.cli;

import io.millrace.workbench.suite.LaunchRefusedException;
import io.millrace.workbench.suite.Leftovers;
import io.millrace.workbench.suite.Progress;
import io.millrace.workbench.suite.RunState;
import io.millrace.workbench.suite.SuiteDirectories;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code ./millrace down}. */
@Command(name = "down", description = "Ends the suite in order; its data stays for the next \"up\".", mixinStandardHelpOptions = true)
final class DownCommand implements Callable<Integer> {
    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(100);

    @Mixin
    private DataOption data;

    @Override
    public Integer call() throws Exception {
        SuiteDirectories directories = data.directories();
        Progress progress = System.out::println;
        Optional<RunState> state = RunState.read(directories);
        Optional<ProcessHandle> supervisor = state.flatMap(running -> running.supervisor().find());
        if (supervisor.isPresent()) {
            end(supervisor.get());
        }
        int leftovers = Leftovers.end(directories, progress);
        progress.say(supervisor.isPresent() || leftovers > 0 ? "Millrace is down."
                : "no suite is running on " + directories.data());
        return 0;
    }

    private static void end(ProcessHandle supervisor) throws Exception {
        supervisor.destroy();
        try {
            supervisor.onExit().get(STOP_TIMEOUT.toSeconds(), TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new LaunchRefusedException("the launcher (pid " + supervisor.pid() + ") did not end within "
                    + STOP_TIMEOUT.toSeconds() + " s");
        }
    }
}
