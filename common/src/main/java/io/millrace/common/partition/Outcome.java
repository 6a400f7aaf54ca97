package io.millrace.common.partition;

import io.millrace.common.metadata.PartitionImage;
import org.jspecify.annotations.Nullable;

/** What became of an {@link IsrChange}. */
public sealed interface Outcome {
    /** @param now the partition with the change, in a new partition epoch even where it had those in-sync replicas already */
    record Changed(PartitionImage now) implements Outcome {}

    /** @param now the partition as it is, null if there is none */
    record Refused(Reason reason, @Nullable PartitionImage now) implements Outcome {}

    enum Reason {
        /** The row has changed since, or the leader's broker registered again since. */
        STALE_EPOCH,
        /** A member is no replica, or a broker that is fenced, leaving, registered again, or has lost its tail; or the leader is not among them. */
        INELIGIBLE_REPLICA,
        /** Another broker leads, or this one is fenced. */
        NOT_LEADER,
        UNKNOWN_PARTITION
    }
}
