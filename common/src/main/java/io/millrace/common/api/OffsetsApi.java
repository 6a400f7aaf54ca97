package io.millrace.common.api;

import io.millrace.common.error.ErrorCode;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.service.annotation.DeleteExchange;
import org.springframework.web.service.annotation.HttpExchange;
import org.springframework.web.service.annotation.PostExchange;

/** Committed offsets; any offset service serves any group. Offsets are the next to read, as in Kafka. */
@HttpExchange("/internal/offsets/{group}")
public interface OffsetsApi {
    /**
     * Stores all of the request's offsets or none. Refused with {@link ErrorCode#FENCED_MEMBER_EPOCH} when the member's epoch is not the one
     * given, or another coordinator has taken the group's shard since; {@link ErrorCode#UNKNOWN_MEMBER} when the group has no such member (a commit without a member is taken only while the group is
     * empty), {@link ErrorCode#UNKNOWN_TOPIC}, {@link ErrorCode#UNKNOWN_TOPIC_ID}, {@link ErrorCode#UNKNOWN_PARTITION}.
     */
    @PostExchange("/commit")
    void commit(@PathVariable String group, @RequestBody Commit commit);

    /** What is committed; partitions without a commit are left out. */
    @Repeatable
    @PostExchange("/fetch")
    CommittedOffsets fetch(@PathVariable String group, @RequestBody Fetch fetch);

    /** Moves the offsets of an empty group. Refused with {@link ErrorCode#GROUP_NOT_EMPTY}, {@link ErrorCode#INVALID_REQUEST}. */
    @PostExchange("/reset")
    CommittedOffsets reset(@PathVariable String group, @RequestBody Reset reset);

    /** Forgets all offsets of a group. */
    @DeleteExchange
    void delete(@PathVariable String group);

    /** Forgets those offsets, whoever is in the group. */
    @Repeatable
    @PostExchange("/forget")
    void forget(@PathVariable String group, @RequestBody Forget forget);

    record Forget(List<TopicPartition> partitions) {}

    /**
     * @param member null: a client outside the group's membership (a tool, partitions assigned by hand)
     * @param term   where a coordinator commits what it keeps in memory: its successor may have committed more since, under the same
     *               member's epoch; null: not a coordinator's
     */
    record Commit(@Nullable Member member, @Nullable ShardTerm term, List<CommitOffset> offsets) {
        public Commit(@Nullable Member member, List<CommitOffset> offsets) {
            this(member, null, offsets);
        }
    }

    /** @param epoch of the lease under which the shard's groups were loaded */
    record ShardTerm(int shard, long epoch) {}

    record Member(String memberId, long epoch) {}

    /**
     * @param topicId  of the topic that is meant, where it is known: one that has its name by now is another; null: whichever has the name
     * @param metadata at most 4096 characters
     */
    record CommitOffset(String topic, @Nullable String topicId, int partition, long offset,
            @Nullable Integer leaderEpoch, @Nullable String metadata) {
        public CommitOffset(String topic, int partition, long offset, @Nullable Integer leaderEpoch,
                @Nullable String metadata) {
            this(topic, null, partition, offset, leaderEpoch, metadata);
        }
    }

    /** @param partitions null: all that the group has committed */
    record Fetch(@Nullable List<TopicPartition> partitions) {}

    record CommittedOffsets(List<Committed> offsets) {}

    /** @param topicId of the topic that had the name when it was asked for */
    record Committed(
            String topic,
            int partition,
            long offset,
            @Nullable Integer leaderEpoch,
            String metadata,
            long committedAtMs,
            @Nullable UUID topicId) {
        public Committed(String topic, int partition, long offset, @Nullable Integer leaderEpoch, String metadata,
                long committedAtMs) {
            this(topic, partition, offset, leaderEpoch, metadata, committedAtMs, null);
        }
    }

    /**
     * @param to         {@code earliest}, {@code latest}, {@code offset}, {@code timestamp} or {@code shift}
     * @param value      the offset, the time in ms, or the signed shift; null for the first two
     * @param partitions null: every partition the group has committed
     */
    record Reset(String to, @Nullable Long value, @Nullable List<TopicPartition> partitions) {}
}
