package io.millrace.coordinator.listener;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.common.api.OffsetsApi;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.kafka.common.message.OffsetCommitResponseData;
import org.apache.kafka.common.message.OffsetCommitResponseData.OffsetCommitResponsePartition;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.Test;

class OffsetCommitsTest {
    private static OffsetCommits of(int count, int metadataLength) {
        String metadata = "x".repeat(metadataLength);
        var commits = new OffsetCommits(new ArrayList<>(), new ArrayList<>(), new OffsetCommitResponseData());
        IntStream.range(0, count).forEach(index -> {
            commits.offsets().add(new OffsetsApi.CommitOffset("t", index, 5, null, metadata));
            commits.stored().add(new OffsetCommitResponsePartition().setPartitionIndex(index));
        });
        return commits;
    }

    @Test
    void many_offsets_are_sliced_as_the_offset_service_takes_them_and_in_order() {
        OffsetCommits commits = of(10_001, 0);
        assertThat(commits.slices()).extracting(List::size).containsExactly(5_000, 5_000, 1);
        assertThat(commits.slices().stream().flatMap(List::stream)).containsExactlyElementsOf(commits.offsets());
        assertThat(of(0, 0).slices()).isEmpty();
    }

    @Test
    void long_metadata_makes_shorter_slices() {
        assertThat(of(300, OffsetCommits.MAX_METADATA_LENGTH).slices()).extracting(List::size).containsExactly(128,
                128, 44);
    }

    @Test
    void what_was_stored_before_one_failed_stays_so() {
        OffsetCommits commits = of(3, 0);
        commits.failed(2, 3, Errors.UNKNOWN_MEMBER_ID);
        assertThat(commits.stored()).extracting(answer -> Errors.forCode(answer.errorCode())).containsExactly(
                Errors.NONE, Errors.NONE, Errors.UNKNOWN_MEMBER_ID);
    }
}
