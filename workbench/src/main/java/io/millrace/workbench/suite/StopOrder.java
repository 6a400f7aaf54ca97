package io.millrace.workbench.suite;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;

/** Ends processes stage by stage: what leans on others goes before them, and each stage's processes go at the same time. */
final class StopOrder {
    private static final Duration DEFAULT_PATIENCE = Duration.ofSeconds(15);
    private static final int STAGES = 4;

    private StopOrder() {}

    static void stop(
            Collection<RunningService> services,
            Function<String, Optional<Duration>> patience,
            Progress progress) throws InterruptedException {
        for (int stage = 0; stage < STAGES; stage++) {
            int present = stage;
            List<RunningService> together = services.stream().filter(service -> stage(service.name()) == present
                    && service.isAlive()).toList();
            try (ExecutorService each = Executors.newVirtualThreadPerTaskExecutor()) {
                for (RunningService service : together) {
                    Duration bound = patience.apply(service.name()).orElse(DEFAULT_PATIENCE);
                    each.submit(() -> {
                        boolean orderly = service.stop(bound);
                        progress.say(service.name() + (orderly ? " stopped"
                                : " did not stop within " + bound.toSeconds() + " s and was killed"));
                        return orderly;
                    });
                }
            }
        }
    }

    private static int stage(String name) {
        return switch (name.replaceFirst("-\\d+$", "")) {
            case "gateway" -> 0;
            case "coordinator", "offset" -> 2;
            case PostgresCluster.NAME -> 3;
            default -> 1; // the brokers, which hand over what they lead while there is a coordinator to take it
        };
    }
}
