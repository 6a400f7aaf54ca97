package io.millrace.workbench.cli;

import io.millrace.workbench.suite.Readiness;
import io.millrace.workbench.suite.RunState;
import io.millrace.workbench.suite.SuiteDirectories;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** {@code ./millrace status}. */
@Command(name = "status", description = "Tells what runs. Exit status 0 when all of it is ready, 1 when something is not, 3 when nothing runs.", mixinStandardHelpOptions = true)
final class StatusCommand implements Callable<Integer> {
    private static final int ALL_READY = 0;
    private static final int NOT_READY = 1;
    private static final int NOT_RUNNING = 3;

    @Mixin
    private DataOption data;

    @Option(names = "--json", description = "As an array of {name, pid, http, kafka, ready}.")
    private boolean json;

    /** One line of the answer. */
    record ProcessStatus(String name, long pid, @Nullable String http, @Nullable String kafka, boolean ready) {}

    @Override
    public Integer call() {
        SuiteDirectories directories = data.directories();
        Optional<RunState> state = RunState.read(directories);
        List<ProcessStatus> processes = state.map(RunState::processes).orElse(List.of()).stream()
                .filter(entry -> entry.process().isAlive())
                .map(entry -> new ProcessStatus(entry.name(), entry.process().pid(), entry.http(), entry.kafka(),
                        Readiness.of(directories, entry)))
                .toList();
        int known = state.map(running -> running.processes().size()).orElse(0);
        if (json) {
            System.out.println(JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build()
                    .writeValueAsString(processes));
        } else {
            print(processes, directories);
        }
        if (processes.isEmpty()) {
            return NOT_RUNNING;
        }
        return processes.size() == known && processes.stream().allMatch(ProcessStatus::ready) ? ALL_READY : NOT_READY;
    }

    private static void print(List<ProcessStatus> processes, SuiteDirectories directories) {
        if (processes.isEmpty()) {
            System.out.println("no suite is running on " + directories.data());
            return;
        }
        System.out.printf("%-13s %8s  %-6s %-24s %s%n", "name", "pid", "ready", "http", "kafka");
        for (ProcessStatus process : processes) {
            System.out.printf("%-13s %8d  %-6s %-24s %s%n", process.name(), process.pid(),
                    process.ready() ? "yes" : "no", process.http() == null ? "-" : process.http(),
                    process.kafka() == null ? "-" : process.kafka());
        }
    }
}
