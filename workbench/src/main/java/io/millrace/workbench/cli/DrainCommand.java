package io.millrace.workbench.cli;

import io.millrace.workbench.suite.LaunchRefusedException;
import io.millrace.workbench.suite.Requests;
import io.millrace.workbench.suite.SuiteDirectories;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.StreamSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/**
 * {@code ./millrace drain}. A broker goes in steps, each of which may be repeated: when it has no replica left its process is ended, the cluster forgets it,
 * and its directory is put aside. Whatever interrupts this, the same command again goes on where it was.
 */
@Command(name = "drain", description = "Moves all that a broker has to the others, while clients go on; with --remove also ends it for good.", mixinStandardHelpOptions = true)
final class DrainCommand implements Callable<Integer> {
    /** The launcher's; it waits for the process to end. */
    private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(60);
    private static final Duration EMPTY_TIMEOUT = Duration.ofSeconds(30);
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
            if (remove && find(calls).isEmpty() && directories.brokersWithData().contains(broker)) {
                leaveOut(directories); // a removal was interrupted when the cluster had forgotten the broker
            } else if (moving.run(calls, "/admin/brokers/" + broker + "/drain") && remove) {
                awaitEmpty(calls);
                Requests.endBroker(directories, broker, ANSWER_TIMEOUT);
                forget(calls);
                leaveOut(directories);
            }
        }
        return 0;
    }

    /** What is said of the broker may be a moment older than what was said of its moves. */
    private void awaitEmpty(AdminCalls calls) throws IOException, InterruptedException {
        long deadlineNanos = System.nanoTime() + EMPTY_TIMEOUT.toNanos();
        int replicas = replicas(calls);
        while (replicas > 0) {
            if (System.nanoTime() - deadlineNanos > 0) {
                throw new LaunchRefusedException("broker " + broker + " still has " + replicas
                        + " replicas: it is not stopped");
            }
            TimeUnit.MILLISECONDS.sleep(POLL_MS);
            replicas = replicas(calls);
        }
    }

    /** Lets the cluster forget the broker, which it refuses while it takes it for running, and waits until every answer does without it. */
    private void forget(AdminCalls calls) throws IOException, InterruptedException {
        awaitNo(calls, found -> found.get("running").asBoolean());
        calls.delete("/admin/brokers/" + broker);
        awaitNo(calls, _ -> true);
    }

    /** Waits until there is no such broker any more, but not for ever. */
    private void awaitNo(AdminCalls calls, Predicate<JsonNode> state) throws IOException, InterruptedException {
        long deadlineNanos = System.nanoTime() + FENCED_TIMEOUT.toNanos();
        while (find(calls).filter(state).isPresent() && System.nanoTime() - deadlineNanos < 0) {
            TimeUnit.MILLISECONDS.sleep(POLL_MS);
        }
    }

    private void leaveOut(SuiteDirectories directories) throws IOException, InterruptedException {
        if (moving.isDryRun()) {
            return;
        }
        Requests.endBroker(directories, broker, ANSWER_TIMEOUT);
        Requests.putAsideBroker(directories, broker, ANSWER_TIMEOUT);
        System.out.println("broker " + broker + " is removed; what is left of its directory lies beside the others");
    }

    private int replicas(AdminCalls calls) throws IOException, InterruptedException {
        return find(calls).map(found -> found.get("replicas").asInt()).orElse(0);
    }

    private Optional<JsonNode> find(AdminCalls calls) throws IOException, InterruptedException {
        return StreamSupport.stream(calls.get("/admin/brokers").spliterator(), false)
                .filter(each -> each.get("id").asInt() == broker).findFirst();
    }
}
