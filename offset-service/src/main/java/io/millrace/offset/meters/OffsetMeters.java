package io.millrace.offset.meters;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.function.IntSupplier;
import org.springframework.stereotype.Component;

/** What this service counts. Tags are from closed sets: an outcome, never a group or a topic. */
@Component
public final class OffsetMeters {
    private final MeterRegistry registry;
    private final DistributionSummary batchCommits;
    private final Counter expiredInQueue;
    private final Timer statement;
    private final Counter expiredOffsets;
    private final Counter orphanedOffsets;

    OffsetMeters(MeterRegistry registry) {
        this.registry = registry;
        this.batchCommits = DistributionSummary.builder("millrace.offset.commit.batch")
                .description("Commits that one statement stored or refused")
                .baseUnit("commits")
                .register(registry);
        this.expiredInQueue = Counter.builder("millrace.offset.commit.expired")
                .description("Commits dropped because their time ran out before their turn")
                .register(registry);
        this.statement = Timer.builder("millrace.offset.commit.statement")
                .description("Time of one commit statement, retries included")
                .register(registry);
        this.expiredOffsets = removed(registry, "retention");
        this.orphanedOffsets = removed(registry, "topic-deleted");
    }

    private static Counter removed(MeterRegistry registry, String reason) {
        return Counter.builder("millrace.offset.removed")
                .description("Committed offsets removed, by reason")
                .tag("reason", reason)
                .register(registry);
    }

    public void watchQueue(IntSupplier waitingOffsets) {
        Gauge.builder("millrace.offset.commit.queue", waitingOffsets::getAsInt)
                .description("Offsets waiting for their statement")
                .baseUnit("offsets")
                .register(registry);
    }

    public void batchGathered(int commits, int expired) {
        if (commits > 0) {
            batchCommits.record(commits);
        }
        expiredInQueue.increment(expired);
    }

    public Timer statement() {
        return statement;
    }

    /** @param outcome {@code stored} or the refusal's code */
    public void commitAnswered(String outcome) {
        registry.counter("millrace.offset.commits", "outcome", outcome).increment();
    }

    public void offsetsExpired(int count) {
        expiredOffsets.increment(count);
    }

    public void orphansRemoved(int count) {
        orphanedOffsets.increment(count);
    }
}
