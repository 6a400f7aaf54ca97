package io.millrace.coordinator.group;

import java.util.Collection;
import java.util.List;
import java.util.SortedSet;

/**
 * How far a member has come on its way to the target assignment (KIP-848, "Reconciliation of the group").
 *
 * <pre>
 *                    the target takes nothing away,
 *                    and all it gives is free
 *             ┌────────────────────────────────────────┐
 *             │                                        │
 *        ┌────▼───┐  the target takes partitions  ┌────┴──────────────────┐
 *   ────►│ Stable ├──────────────────────────────►│ UnrevokedPartitions   │◄─┐
 *        └─┬────▲─┘                               └────┬──────────────▲───┘  │ still holds some of them
 *          │    │                                      │              │      ├──┘
 *  the     │    │ the last partition                   │ let go, but  │ the target
 *  target  │    │ it waits for is free                 │ waits for    │ takes partitions
 *  gives   │    │                                      │ others'      │
 *  what    │  ┌─┴───────────────────────┐              │              │
 *  others  └─►│ UnreleasedPartitions    │◄─────────────┘              │
 *  hold       └─────────────────────────┴─────────────────────────────┘
 * </pre>
 *
 * In every state {@link #assigned()} is what the member may read. The member's epoch follows the group's only where
 * nothing is left to revoke, so in {@link UnrevokedPartitions} its commits for what it is giving up are still accepted.
 */
public sealed interface MemberState {
    /** What the member may read. */
    SortedSet<PartitionId> assigned();

    /** At the target of its epoch. */
    record Stable(SortedSet<PartitionId> assigned) implements MemberState {}

    /**
     * Told to let go of {@code revoking}, which nobody else gets before it says that it did, leaves or expires.
     */
    record UnrevokedPartitions(SortedSet<PartitionId> assigned, SortedSet<PartitionId> revoking)
            implements
                MemberState {}

    /** Has all of its target but the partitions that other members still hold. */
    record UnreleasedPartitions(SortedSet<PartitionId> assigned) implements MemberState {}

    /** Whether the member may still be reading the partition. */
    default boolean holds(PartitionId partition) {
        return assigned().contains(partition)
                || this instanceof UnrevokedPartitions(_, var revoking) && revoking.contains(partition);
    }

    /** The state of a member that has just joined. */
    static MemberState nothing() {
        return stable(List.of());
    }

    static MemberState stable(Collection<PartitionId> assigned) {
        return new Stable(PartitionId.sorted(assigned));
    }

    static MemberState unreleased(Collection<PartitionId> assigned) {
        return new UnreleasedPartitions(PartitionId.sorted(assigned));
    }

    static MemberState unrevoked(Collection<PartitionId> assigned, Collection<PartitionId> revoking) {
        return new UnrevokedPartitions(PartitionId.sorted(assigned), PartitionId.sorted(revoking));
    }
}
