package io.millrace.offset.commit;

import io.millrace.common.api.OffsetsApi.Commit;
import io.millrace.common.api.OffsetsApi.CommitOffset;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.TopicImage;
import io.millrace.offset.commit.CommitOutcome.Refused;
import io.millrace.offset.commit.CommitRequest.NextOffset;
import java.util.ArrayList;
import java.util.UUID;

/**
 * What can be told about a commit without PostgreSQL. Everything that could make a statement fail is refused here, for a statement holds
 * the commits of many.
 */
final class CommitCheck {
    private final int maxOffsets;
    private final int maxMetadataLength;

    CommitCheck(CommitSettings settings) {
        this.maxOffsets = settings.maxOffsets();
        this.maxMetadataLength = settings.maxMetadataLength();
    }

    sealed interface Checked {
        record Valid(CommitRequest request) implements Checked {}

        record Invalid(Refused refusal) implements Checked {}
    }

    Checked check(String group, Commit commit, ClusterImage image) {
        String fault = Names.fault("group", group);
        if (fault == null && commit.member() != null) {
            fault = Names.fault("member.memberId", commit.member().memberId());
        }
        if (fault == null && commit.offsets() == null) {
            fault = "offsets is missing";
        }
        if (fault == null && commit.offsets().size() > maxOffsets) {
            fault = "a commit holds at most " + maxOffsets + " offsets, this one " + commit.offsets().size();
        }
        if (fault != null) {
            return invalid(ErrorCode.INVALID_REQUEST, fault);
        }
        var offsets = new ArrayList<NextOffset>(commit.offsets().size());
        for (int i = 0; i < commit.offsets().size(); i++) {
            var offset = commit.offsets().get(i);
            fault = faultOf(offset);
            if (fault != null) {
                return invalid(ErrorCode.INVALID_REQUEST, "offsets[" + i + "]" + fault);
            }
            TopicImage topic = image.topic(offset.topic());
            if (topic == null) {
                return invalid(ErrorCode.UNKNOWN_TOPIC, "There is no topic '" + offset.topic() + "'");
            }
            if (offset.topicId() != null && !offset.topicId().equals(topic.id().toString())) {
                return invalid(ErrorCode.UNKNOWN_TOPIC_ID, "Topic '" + offset.topic()
                        + "' is another by now: it has the id "
                        + topic.id() + ", not " + offset.topicId());
            }
            if (topic.partition(offset.partition()) == null) {
                return invalid(ErrorCode.UNKNOWN_PARTITION, "Topic '" + offset.topic() + "' has " + topic.partitions()
                        .size()
                        + " partitions, there is no partition " + offset.partition());
            }
            offsets.add(new NextOffset(
                    new UUID(topic.id().getMostSignificantBits(), topic.id().getLeastSignificantBits()),
                    offset.topic(),
                    offset.partition(),
                    offset.offset(),
                    offset.leaderEpoch(),
                    offset.metadata() == null ? "" : offset.metadata()));
        }
        return new Checked.Valid(new CommitRequest(group, commit.member(), commit.term(), offsets));
    }

    private @org.jspecify.annotations.Nullable String faultOf(CommitOffset offset) {
        if (offset == null) {
            return " is null";
        }
        if (offset.topic() == null) {
            return ".topic is missing";
        }
        if (offset.offset() < 0) {
            return ".offset must not be negative: " + offset.offset();
        }
        if (offset.metadata() != null) {
            if (offset.metadata().length() > maxMetadataLength) {
                return ".metadata has " + offset.metadata().length() + " characters, at most " + maxMetadataLength
                        + " are kept";
            }
            if (!Names.isStorable(offset.metadata())) {
                return ".metadata holds a character that cannot be stored";
            }
        }
        return null;
    }

    private static Checked invalid(ErrorCode code, String message) {
        return new Checked.Invalid(new Refused(code, message));
    }
}
