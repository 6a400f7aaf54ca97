package io.millrace.offset.commit;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * Commits in the order they came, bounded by the number of their offsets. While one batch is being stored the next one gathers here
 * (natural batching), so that the busier the service is, the fewer statements a commit costs. Not thread-safe.
 */
final class CommitQueue {
    private final int capacityOffsets;
    private final int batchOffsets;
    private final ArrayDeque<PendingCommit> waiting = new ArrayDeque<>();
    private int waitingOffsets;

    /**
     * @param capacityOffsets most offsets waiting; a commit that would exceed it is not taken
     * @param batchOffsets    most offsets in one batch; a commit is never split, so one larger than this is a batch of its own
     */
    CommitQueue(int capacityOffsets, int batchOffsets) {
        this.capacityOffsets = capacityOffsets;
        this.batchOffsets = batchOffsets;
    }

    /** @return whether there was room */
    boolean offer(PendingCommit commit) {
        int weight = commit.request().weight();
        if (weight > capacityOffsets - waitingOffsets) {
            return false;
        }
        waiting.add(commit);
        waitingOffsets += weight;
        return true;
    }

    /** Removes the next batch, and the commits whose time ran out before it. */
    Gathered take(long nowNanos) {
        var batch = new ArrayList<PendingCommit>();
        var expired = new ArrayList<PendingCommit>();
        int offsets = 0;
        for (PendingCommit next; (next = waiting.peek()) != null;) {
            int weight = next.request().weight();
            if (next.isExpired(nowNanos)) {
                expired.add(next);
            } else if (batch.isEmpty() || weight <= batchOffsets - offsets) {
                batch.add(next);
                offsets += weight;
            } else {
                break;
            }
            waiting.remove();
            waitingOffsets -= weight;
        }
        return new Gathered(batch, expired);
    }

    boolean isEmpty() {
        return waiting.isEmpty();
    }

    int waitingOffsets() {
        return waitingOffsets;
    }

    record Gathered(List<PendingCommit> batch, List<PendingCommit> expired) {}
}
