package io.millrace.workbench.suite;

import java.net.URI;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Ends processes stage by stage: what leans on others goes before them, and each stage's processes go at the same time. */
final class StopOrder {
    private static final Duration DEFAULT_PATIENCE = Duration.ofSeconds(30);
    /** A service that is still starting has nothing to hand over, and may wait for PostgreSQL without hearing that it is to end. */
    private static final Duration STARTING_PATIENCE = Duration.ofSeconds(2);
    private static final int STAGES = 5;

    private StopOrder() {}

    static Duration patience(ServiceSpec spec) {
        return patience(spec.readiness(), spec.patience());
    }

    /** For a process of which only this is known. */
    static Duration patience(@Nullable URI readiness) {
        return patience(readiness, DEFAULT_PATIENCE);
    }

    private static Duration patience(@Nullable URI readiness, Duration ofStarted) {
        return readiness != null && Readiness.refusesConnections(readiness) ? STARTING_PATIENCE : ofStarted;
    }

    /** @param patience how long the process of this name may take to end when asked to, before it is killed; asked when its turn comes */
    static void stop(
            Collection<RunningService> services,
            Function<String, Duration> patience,
            Progress progress) throws InterruptedException {
        for (int stage = 0; stage < STAGES; stage++) {
            int present = stage;
            List<RunningService> together = services.stream().filter(service -> stage(service.name()) == present
                    && service.isAlive()).toList();
            try (ExecutorService each = Executors.newVirtualThreadPerTaskExecutor()) {
                for (RunningService service : together) {
                    each.submit(() -> {
                        Duration bound = patience.apply(service.name());
                        boolean orderly = service.stop(bound);
                        progress.say(service.name() + (orderly ? " stopped"
                                : " did not stop within " + bound.toSeconds() + " s and was killed"));
                        return orderly;
                    });
                }
            }
        }
    }

    /** The lower, the earlier. */
    static int stage(String name) {
        return switch (name.replaceFirst("-\\d+$", "")) {
            case "gateway" -> 0;
            case "coordinator" -> 2; // which commits what consumers have confirmed
            case "offset" -> 3;
            case PostgresCluster.NAME -> 4;
            default -> 1; // the brokers, which hand over what they lead while there is a coordinator to take it
        };
    }
}
