package io.millrace.broker.replication.fetch;

import io.millrace.broker.partition.Leadership.Following;
import io.millrace.broker.partition.Partition;
import io.millrace.broker.replication.FollowerReplica;
import org.jspecify.annotations.Nullable;

/**
 * A partition that is fetched from one leader in one epoch; touched by its fetcher alone.
 *
 * <pre>
 *   ready --sent--> in flight --answered--> ready
 *                   in flight --failed--> paused --time, or another image--> ready
 * </pre>
 */
final class Followed {
    final Partition partition;
    final Following as;
    /** Added by a reassignment and not in sync yet: it may take only what the throttle lets pass. */
    boolean added;
    /** Whether it had all that was committed when the leader answered last: the leader may count on it from then on, and must not wait for the throttle. */
    boolean caughtUp;
    /** What it waits for the answer of; null when it is ready or paused. */
    @Nullable
    Object flight;
    long askedOffset;
    /** Fetches that brought nothing, one after the other. */
    int emptyFetches;
    private int failures;

    Followed(Partition partition, Following as, boolean added) {
        this.partition = partition;
        this.as = as;
        this.added = added;
    }

    boolean isThrottled() {
        return added && !caughtUp;
    }

    FollowerReplica replica() {
        return new FollowerReplica(as.leader(), as.leaderEpoch());
    }

    void succeeded() {
        failures = 0;
    }

    /** How long to pause after one more failure. */
    long backoffNanos(long initialNanos, long maxNanos) {
        return Math.min(maxNanos, initialNanos << Math.min(failures++, 20));
    }
}
