package io.millrace.workbench.cli;

import io.millrace.workbench.bench.BenchCommand;
import io.millrace.workbench.failover.FailoverCommand;
import io.millrace.workbench.suite.LaunchRefusedException;
import io.millrace.workbench.torture.TortureCommand;
import java.io.IOException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ./millrace}. */
@Command(name = "millrace", description = "Millrace on this machine: an event log over HTTP, server-sent events and Kafka's wire protocol.", mixinStandardHelpOptions = true, version = "Millrace 0.1.0", subcommands = {
        UpCommand.class, DownCommand.class, StatusCommand.class, LogsCommand.class, AddBrokerCommand.class,
        RebalanceCommand.class, DrainCommand.class, BenchCommand.class,
        TortureCommand.class, FailoverCommand.class})
public final class MillraceCommand implements Runnable {
    private static final int REFUSED = 1;

    @Spec
    private CommandSpec spec;

    /** Runs a command line and answers its exit status. */
    public static int execute(String... args) {
        CommandLine commandLine = new CommandLine(new MillraceCommand());
        commandLine.setExecutionExceptionHandler((exception, command, parsed) -> {
            switch (exception) {
                case LaunchRefusedException refused -> System.err.println("millrace: " + refused.getMessage());
                case IOException failed -> System.err.println("millrace: " + failed);
                default -> exception.printStackTrace();
            }
            return REFUSED;
        });
        return commandLine.execute(args);
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "which command?");
    }
}
