package io.millrace.coordinator.instance;

import io.millrace.common.api.OffsetsApi;
import io.millrace.coordinator.group.PartitionId;
import io.millrace.coordinator.group.runtime.Shard;
import io.millrace.coordinator.group.runtime.Turnstile;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** One HTTP consumer in memory. Everything but {@link #shard}, {@link #calledAtMs} and {@link #answer} is touched only inside its turnstile. */
final class HttpConsumer {
    static final long NOT_A_MEMBER = -1;

    final Turnstile turnstile;
    final ReadProgress progress;
    final LastAnswer answer = new LastAnswer();
    /** The term under which it is served; calls of an earlier one are refused by the runtime. */
    volatile Shard shard;
    volatile long calledAtMs;
    volatile InstanceRow row;
    /** {@link #NOT_A_MEMBER} while it has not joined, or reads partitions assigned by hand. */
    long memberEpoch = NOT_A_MEMBER;
    /** What it may read. */
    SortedSet<PartitionId> owned = PartitionId.sorted(List.of());
    /** Whether its group has yet to hear of the present subscription. */
    boolean subscriptionChanged;
    boolean deleted;
    /** The last poll that began was a stream's. */
    boolean isStream;
    /** What the last poll that began goes on with, see {@code BeginPoll}. */
    @Nullable
    Long continued;
    /** It was another coordinator's before, and what that one knew of its reading is not known here. */
    boolean takenOver;
    /** What is stored of where it stands, null where it is unknown whether it was; see {@link Positions}. */
    final Map<PartitionId, @Nullable Kept> kept = new HashMap<>();
    final CommitSchedule commits;
    /** Held while offsets are on their way to the offset service: of two commits the later must not arrive first. */
    final ReentrantLock committing = new ReentrantLock();
    /** Whether a thread is on its way to commit or forget it. */
    final AtomicBoolean attended = new AtomicBoolean();

    HttpConsumer(InstanceRow row, Shard shard, Turnstile turnstile, CommitSchedule commits, ReadProgress progress,
            long nowMs) {
        this.row = row;
        this.shard = shard;
        this.turnstile = turnstile;
        this.calledAtMs = nowMs;
        this.commits = commits;
        this.progress = progress;
    }

    /** Whether its shard is held under the term that it was loaded or kept in. */
    boolean isServed() {
        return shard.isHeld();
    }

    /** Whether its client is known to have moved this, at another coordinator, after that poll. */
    boolean wasSoughtSince(PartitionId partition, long pollNumber) {
        Kept known = kept.get(partition);
        return known != null && known.isSoughtSince(pollNumber);
    }

    boolean isMember() {
        return memberEpoch != NOT_A_MEMBER;
    }

    /** What it has read is void: others may have read, and committed, the same partitions since. */
    void dropMembership() {
        memberEpoch = NOT_A_MEMBER;
        owned = PartitionId.sorted(List.of());
        progress.supersede();
        progress.clear();
    }

    OffsetsApi.@Nullable Member asCommitter() {
        return isMember() ? new OffsetsApi.Member(row.instanceId(), memberEpoch) : null;
    }
}
