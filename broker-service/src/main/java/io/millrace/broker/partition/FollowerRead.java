package io.millrace.broker.partition;

import io.millrace.broker.replication.LeaderReplica;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.Records;

/** What a leader answers to its follower's fetch. */
public sealed interface FollowerRead {
    /** @param records empty when there is no more than the follower has */
    record Data(Records records, long highWatermark, long logStartOffset) implements FollowerRead {}

    /**
     * The follower's log is another than this one from somewhere before its end: up to this epoch, which ends here at this offset, it may be the
     * same (KIP-595). Or it is the same, and is to join this epoch first, the leader's own, see {@link LeaderReplica#mustJoin}.
     */
    record Diverging(int epoch, long endOffset, long highWatermark, long logStartOffset) implements FollowerRead {}

    record Refused(Errors error) implements FollowerRead {}
}
