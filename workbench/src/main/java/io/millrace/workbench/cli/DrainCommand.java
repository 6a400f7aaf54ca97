package io.millrace.workbench.cli;

import io.millrace.workbench.suite.LaunchRefusedException;
import io.millrace.workbench.suite.Requests;
import io.millrace.workbench.suite.SuiteDirectories;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.StreamSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/** {@code ./millrace drain}. */
@Command(name = "drain", description = "Moves all that a broker has to the others, while clients go on; with --remove also ends it for good.", mixinStandardHelpOptions = true)
final class DrainCommand implements Callable<Integer> {
    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(60);
    /** More than a broker's lease runs. */
    private static final Duration FENCED_TIMEOUT = Duration.ofSeconds(30);
    private static final long POLL_MS = 200;

    @Mixin
    private DataOption data;

    @Parameters(paramLabel = "ID", description = "The broker's id: the number in its name.")
    private int broker;

    @Option(names = "--remove", description = "Stop the broker when it is empty, forget it, and put its directory aside.")
    private boolean remove;

    @Mixin
    private Moving moving;

    @Override
    public Integer call() throws Exception {
        SuiteDirectories directories = data.directories();
        try (AdminCalls calls = AdminCalls.to(directories)) {
            boolean ended = moving.run(calls, "/admin/brokers/" + broker + "/drain");
            if (ended && remove) {
                remove(calls, directories);
            }
        }
        return 0;
    }

    private void remove(AdminCalls calls, SuiteDirectories directories) throws IOException, InterruptedException {
        JsonNode drained = find(calls);
        if (drained.get("replicas").asInt() > 0) {
            throw new LaunchRefusedException("broker " + broker + " still has " + drained.get("replicas").asInt()
                    + " replicas: it is not stopped");
        }
        Requests.removeBroker(directories, broker, STOP_TIMEOUT);
        long deadlineNanos = System.nanoTime() + FENCED_TIMEOUT.toNanos();
        while (find(calls).get("running").asBoolean() && System.nanoTime() - deadlineNanos < 0) {
            TimeUnit.MILLISECONDS.sleep(POLL_MS);
        }
        calls.delete("/admin/brokers/" + broker);
        System.out.println("broker " + broker + " is removed; what is left of its directory lies beside the others");
    }

    private JsonNode find(AdminCalls calls) throws IOException, InterruptedException {
        return StreamSupport.stream(calls.get("/admin/brokers").spliterator(), false)
                .filter(each -> each.get("id").asInt() == broker).findFirst()
                .orElseThrow(() -> new LaunchRefusedException("there is no broker " + broker));
    }
}
