package io.millrace.coordinator.group;

import java.util.List;
import java.util.SortedSet;
import org.jspecify.annotations.Nullable;

/** What can happen to a group. */
public sealed interface GroupEvent {
    /**
     * A member comes in, or comes back.
     *
     * @param owned    what it still holds of what it was assigned; one that comes back knowing nothing holds nothing
     * @param replaces the member whose place it takes, with all that one had; null for none
     */
    record Join(String memberId, MemberProfile profile, SortedSet<PartitionId> owned, @Nullable String replaces)
            implements
                GroupEvent {
        public Join(String memberId, MemberProfile profile) {
            this(memberId, profile, PartitionId.sorted(List.of()), null);
        }
    }

    /**
     * A member is alive.
     *
     * @param owned               what it holds now, or null when it does not say (it then lets go of nothing)
     * @param subscription        its new subscription, or null when unchanged
     * @param assignor            its new wish, or null when unchanged
     * @param rebalanceTimeoutMs  likewise
     */
    record Heartbeat(String memberId, long memberEpoch, @Nullable SortedSet<PartitionId> owned,
            @Nullable Subscription subscription, @Nullable AssignorName assignor,
            @Nullable Integer rebalanceTimeoutMs) implements GroupEvent {
        public Heartbeat(String memberId, long memberEpoch, @Nullable SortedSet<PartitionId> owned,
                @Nullable Subscription subscription) {
            this(memberId, memberEpoch, owned, subscription, null, null);
        }
    }

    /** A member goes, and has let go of everything. */
    record Leave(String memberId) implements GroupEvent {}

    /** A static member goes to come back, under another id (KIP-848): what it had is kept for its session's time. */
    record GoForNow(String memberId) implements GroupEvent {}

    /** A member was not heard from in time, or held on to partitions for too long. */
    record Expire(String memberId) implements GroupEvent {}

    /** Topics were made, deleted or grown. */
    record TopicsChanged() implements GroupEvent {}
}
