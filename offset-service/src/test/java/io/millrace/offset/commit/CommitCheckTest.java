package io.millrace.offset.commit;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.common.api.OffsetsApi.Commit;
import io.millrace.common.api.OffsetsApi.CommitOffset;
import io.millrace.common.api.OffsetsApi.Member;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.metadata.TopicImage;
import io.millrace.offset.commit.CommitCheck.Checked;
import io.millrace.offset.commit.CommitOutcome.Refused;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

class CommitCheckTest {
    private static final Uuid TOPIC = new Uuid(3, 4);
    private static final ClusterImage IMAGE = image();

    private final CommitCheck check = new CommitCheck(
            new CommitSettings(3, 10, 10, 10, Duration.ofSeconds(1), Duration.ofSeconds(1)));

    @Test
    void a_valid_commit_carries_the_topics_id() {
        var checked = check.check("g", new Commit(new Member("m", 1), List.of(new CommitOffset("t", 1, 7, 2, null))),
                IMAGE);

        assertThat(checked).isEqualTo(new Checked.Valid(new CommitRequest("g", new Member("m", 1),
                List.of(new CommitRequest.NextOffset(new UUID(3, 4), "t", 1, 7, 2, "")))));
    }

    @Test
    void a_commit_for_a_topic_that_went_is_none_for_another_of_its_name() {
        assertThat(refused(new CommitOffset("t", new Uuid(9, 9).toString(), 0, 1, null, null)).code()).isEqualTo(
                ErrorCode.UNKNOWN_TOPIC_ID);
        assertThat(check.check("g", new Commit(null, List.of(new CommitOffset("t", TOPIC.toString(), 0, 1, null,
                null))), IMAGE)).isInstanceOf(Checked.Valid.class);
    }

    @Test
    void topics_and_partitions_that_the_image_does_not_have_are_named() {
        assertThat(refused(new CommitOffset("other", 0, 1, null, null)).code()).isEqualTo(ErrorCode.UNKNOWN_TOPIC);
        assertThat(refused(new CommitOffset("t", 2, 1, null, null)).code()).isEqualTo(ErrorCode.UNKNOWN_PARTITION);
        assertThat(refused(new CommitOffset("t", -1, 1, null, null)).message())
                .isEqualTo("Topic 't' has 2 partitions, there is no partition -1");
    }

    @Test
    void what_the_database_could_not_store_is_refused_by_name() {
        assertFault(new CommitOffset("t", 0, -1, null, null), "offsets[0].offset must not be negative: -1");
        assertFault(new CommitOffset("t", 0, 1, null, "12345678901"),
                "offsets[0].metadata has 11 characters, at most 10");
        assertFault(new CommitOffset("t", 0, 1, null, "a\0b"), "offsets[0].metadata holds a character");
        assertFault(new CommitOffset("t", 0, 1, null, "a\ud83d"), "offsets[0].metadata holds a character");
        assertFault(new CommitOffset("t", 0, 1, null, "\udea0a"), "offsets[0].metadata holds a character");
        assertFault(new CommitOffset(null, 0, 1, null, null), "offsets[0].topic is missing");
        assertFault(null, "offsets[0] is null");
        assertThat(check.check("g", commit(new CommitOffset("t", 0, 1, null, "\ud83d\udea0 12345 7")), IMAGE))
                .isInstanceOf(Checked.Valid.class);
    }

    @Test
    void names_and_sizes_have_limits() {
        var offset = new CommitOffset("t", 0, 1, null, null);
        assertFault("", commit(offset), "group is missing");
        assertFault("x".repeat(256), commit(offset), "group has 256 characters");
        assertFault("a\0", commit(offset), "group holds a character");
        assertFault("g", new Commit(new Member("", 1), List.of(offset)), "member.memberId is missing");
        assertFault("g", new Commit(null, null), "offsets is missing");
        assertFault("g", new Commit(null, Collections.nCopies(4, offset)),
                "a commit holds at most 3 offsets, this one 4");
    }

    private void assertFault(CommitOffset offset, String message) {
        assertFault("g", new Commit(new Member("m", 1), Arrays.asList(offset)), message);
    }

    private void assertFault(String group, Commit commit, String message) {
        assertThat(check.check(group, commit, IMAGE)).isInstanceOfSatisfying(Checked.Invalid.class, invalid -> {
            assertThat(invalid.refusal().code()).isEqualTo(ErrorCode.INVALID_REQUEST);
            assertThat(invalid.refusal().message()).startsWith(message);
        });
    }

    private Refused refused(CommitOffset offset) {
        return ((Checked.Invalid) check.check("g", commit(offset), IMAGE)).refusal();
    }

    private static Commit commit(CommitOffset offset) {
        return new Commit(new Member("m", 1), List.of(offset));
    }

    private static ClusterImage image() {
        var partition = List.of(0);
        var topic = new TopicImage(TOPIC, "t", Map.of(), List.of(
                new PartitionImage(0, partition, partition, 0, 0, 0), new PartitionImage(1, partition, partition, 0, 0,
                        0)));
        return new ClusterImage("c", 1, Map.of(), Map.of("t", topic), Map.of(TOPIC, topic), Map.of());
    }
}
