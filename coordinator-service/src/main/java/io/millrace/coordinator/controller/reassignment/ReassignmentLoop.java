package io.millrace.coordinator.controller.reassignment;

import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.partition.PartitionTable;
import io.millrace.common.partition.PartitionTable.Key;
import io.millrace.common.partition.PartitionTable.Row;
import io.millrace.common.partition.Standing;
import io.millrace.coordinator.controller.ControllerRole;
import io.millrace.coordinator.controller.DutyLoop;
import io.millrace.coordinator.controller.reassignment.NextSteps.Step;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.stereotype.Component;

/**
 * While this coordinator is the controller: takes the next steps of what PostgreSQL says is under way, so that a successor goes on where this
 * one ended. Asks PostgreSQL nothing while nothing is, and otherwise for the few that are in motion or may begin, however many wait.
 */
@Component
@EnableConfigurationProperties(ReassignmentSettings.class)
class ReassignmentLoop {
    private static final Logger LOG = LoggerFactory.getLogger(ReassignmentLoop.class);

    private final ControllerRole role;
    private final ReassignmentStore store;
    private final PartitionTable partitions;
    private final ReassignmentSettings settings;
    private final MoveMetrics metrics;
    private final DutyLoop loop;
    private volatile boolean underWay;
    private @Nullable Long talliedNanos;

    ReassignmentLoop(ControllerRole role, ReassignmentStore store, PartitionTable partitions,
            ReassignmentSettings settings, MoveMetrics metrics, ClusterImages images) {
        this.role = role;
        this.store = store;
        this.partitions = partitions;
        this.settings = settings;
        this.metrics = metrics;
        this.loop = new DutyLoop("reassignments", "go on with the reassignment of partitions", settings.checkInterval(),
                settings.rest(), () -> {
                    underWay = true;
                    talliedNanos = null;
                    return this::look;
                });
        role.add(loop);
        images.subscribe((_, _) -> {
            if (underWay) {
                loop.wake();
            }
        });
    }

    /** Something was asked for. */
    void begin() {
        underWay = true;
        loop.wake();
    }

    private void look() {
        if (!underWay) {
            return;
        }
        // Before looking: what is asked for from here on sets it again.
        underWay = false;
        try {
            var state = store.state();
            underWay |= state.unfinished();
            // The last ones may have gone with their topics.
            boolean rateIsLeft = !state.unfinished() && state.rate() != null;
            if (rateIsLeft || !next().isEmpty()) {
                report(role.write(version -> {
                    var next = next();
                    partitions.update(next.transitions(), version);
                    store.taken(next.steps());
                    store.finish(next.finished());
                    store.clearRateWhenDone();
                    return next;
                }));
            }
            tally(state.unfinished());
        } catch (RuntimeException e) {
            underWay = true;
            throw e;
        }
    }

    private NextSteps next() {
        var brokers = partitions.standings();
        var wanted = new ArrayList<>(store.begun());
        var rows = new HashMap<>(rows(wanted));
        var places = NextSteps.of(wanted, rows, brokers, settings.maxMovingPartitions()).places();
        var beginnable = store.beginnable(places, settings.maxBeginning());
        wanted.addAll(beginnable);
        rows.putAll(rows(beginnable));
        return NextSteps.of(wanted, rows, brokers, settings.maxMovingPartitions());
    }

    private Map<Key, Row> rows(List<Wanted> wanted) {
        return partitions.named(wanted.stream().map(Wanted::key).toList());
    }

    private static void report(NextSteps taken) {
        for (Step step : taken.steps()) {
            if (step.isInMotion()) {
                LOG.info("Began to move partition {}", step);
            } else if (step.transition().before().isReassigned()) {
                LOG.info("Took back the move of partition {}: it has replicas {}", step.wanted(), step.transition()
                        .after().replicas());
            }
        }
        for (Wanted wanted : taken.finished()) {
            LOG.info("{} the move of partition {}: it has replicas {}", wanted.cancelled() ? "Cancelled" : "Finished",
                    wanted, wanted.destination());
        }
    }

    /** Those in motion are few; all that wait are not counted each time. */
    private void tally(boolean unfinished) {
        if (unfinished && talliedNanos instanceof Long last && System.nanoTime() - last < settings.tallyInterval()
                .toNanos()) {
            return;
        }
        talliedNanos = System.nanoTime();
        metrics.counted(unfinished ? count(partitions.standings()) : MoveCounts.NONE);
    }

    private MoveCounts count(Map<Integer, Standing> brokers) {
        var begun = store.begun();
        var rows = rows(begun);
        var waiting = store.countWaiting(brokers.keySet().stream().filter(id -> Places.runs(brokers, id)).toList());
        int stuck = (int) begun.stream().filter(each -> rows.get(each.key()) instanceof Row row && Obstacle.of(each,
                row, brokers).isStuck()).count();
        return new MoveCounts(begun.size(), waiting.waiting(), stuck + waiting.stuck());
    }
}
