package io.millrace.workbench.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code ./millrace rebalance}. */
@Command(name = "rebalance", description = "Gives every running broker its share of replicas and leadership, while clients go on.", mixinStandardHelpOptions = true)
final class RebalanceCommand implements Callable<Integer> {
    @Mixin
    private DataOption data;

    @Mixin
    private Moving moving;

    @Override
    public Integer call() throws Exception {
        try (AdminCalls calls = AdminCalls.to(data.directories())) {
            moving.run(calls, "/admin/rebalance");
        }
        return 0;
    }
}
