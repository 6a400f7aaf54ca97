package io.millrace.offset.commit;

import io.millrace.common.api.OffsetsApi.Member;
import io.millrace.common.api.OffsetsApi.ShardTerm;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A commit that passed validation: its topics are resolved, so that a topic created again under the same name does not inherit it.
 *
 * @param member null: only while the group has no members
 * @param term   null: not a coordinator's
 */
public record CommitRequest(String group, @Nullable Member member, @Nullable ShardTerm term,
        List<NextOffset> offsets) {
    public CommitRequest {
        offsets = List.copyOf(offsets);
    }

    CommitRequest(String group, @Nullable Member member, List<NextOffset> offsets) {
        this(group, member, null, offsets);
    }

    /** What it takes of the limits that count offsets; an empty commit is a question whether the member is fenced, and not free. */
    int weight() {
        return Math.max(1, offsets.size());
    }

    /** @param offset the next to read, as in Kafka */
    public record NextOffset(
            UUID topicId,
            String topic,
            int partition,
            long offset,
            @Nullable Integer leaderEpoch,
            String metadata) {}
}
