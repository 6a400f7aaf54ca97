package io.millrace.coordinator.controller.reassignment;

import io.millrace.common.database.PostgresFailures;
import io.millrace.common.error.RefusedException;
import io.millrace.common.lease.LeaseGrant;
import io.millrace.common.lease.LeaseListener;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.partition.PartitionTable;
import io.millrace.coordinator.controller.ControllerRole;
import io.millrace.coordinator.controller.reassignment.NextSteps.Wanted;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * While this coordinator is the controller: takes the next steps of what PostgreSQL says is under way, so that a successor goes on where this
 * one ended. Asks PostgreSQL nothing while nothing is.
 */
@Component
@EnableConfigurationProperties(ReassignmentSettings.class)
class ReassignmentLoop implements LeaseListener {
    private static final Logger LOG = LoggerFactory.getLogger(ReassignmentLoop.class);

    private final ControllerRole role;
    private final ReassignmentStore store;
    private final PartitionTable partitions;
    private final ReassignmentSettings settings;
    private final Semaphore wake = new Semaphore(0);
    private volatile boolean underWay;
    private volatile @Nullable Thread thread;

    ReassignmentLoop(ControllerRole role, ReassignmentStore store, JdbcClient sql, ReassignmentSettings settings,
            ClusterImages images) {
        this.role = role;
        this.store = store;
        this.partitions = new PartitionTable(sql);
        this.settings = settings;
        role.add(this);
        images.subscribe((_, _) -> {
            if (underWay) {
                wake.release();
            }
        });
    }

    @Override
    public void acquired(LeaseGrant grant) {
        thread = Thread.ofPlatform().daemon().name("reassignments").start(() -> run(grant));
    }

    @Override
    public void lost(LeaseGrant grant) {
        var ended = thread;
        if (ended != null) {
            ended.interrupt();
        }
    }

    /** Something was asked for. */
    void begin() {
        underWay = true;
        wake.release();
    }

    private void run(LeaseGrant grant) {
        underWay = true;
        while (grant.isHeld()) {
            try {
                if (underWay) {
                    step();
                }
            } catch (RuntimeException e) {
                if (grant.isHeld()) {
                    report(e);
                }
            }
            if (!pause()) {
                return;
            }
        }
    }

    private void step() {
        // Before looking: what is asked for from here on sets it again.
        underWay = false;
        try {
            var wanted = store.unfinished();
            underWay |= !wanted.isEmpty();
            // The last ones may have gone with their topics.
            boolean rateIsLeft = wanted.isEmpty() && store.rate() != null;
            if (rateIsLeft || !next(wanted).isEmpty()) {
                role.write(version -> {
                    var steps = next(store.unfinished());
                    partitions.update(steps.transitions(), version);
                    store.finish(steps.finished());
                    store.clearRateWhenDone();
                    return version;
                });
            }
        } catch (RuntimeException e) {
            underWay = true;
            throw e;
        }
    }

    private NextSteps next(List<Wanted> wanted) {
        var rows = partitions.named(wanted.stream().map(Wanted::key).toList());
        return NextSteps.of(wanted, rows, partitions.standings(), settings.maxMovingPartitions());
    }

    private static void report(RuntimeException failure) {
        if (failure instanceof RefusedException || PostgresFailures.refusal(failure) != null) {
            LOG.warn("Could not go on with the reassignment of partitions; trying again: {}", NestedExceptionUtils
                    .getMostSpecificCause(failure).getMessage());
        } else {
            LOG.error("Could not go on with the reassignment of partitions; trying again", failure);
        }
    }

    /** @return false when the loop is to end */
    private boolean pause() {
        try {
            // A wake-up may have gone to the thread of the term before: this one looks at the flag by itself, too.
            wake.tryAcquire(settings.checkInterval().toMillis(), TimeUnit.MILLISECONDS);
            wake.drainPermits();
            return true;
        } catch (InterruptedException e) {
            return false;
        }
    }
}
