package io.millrace.common.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Collections;
import java.util.List;
import org.apache.kafka.common.message.DescribeLogDirsRequestData;
import org.apache.kafka.common.message.DescribeLogDirsRequestData.DescribableLogDirTopic;
import org.apache.kafka.common.message.DescribeLogDirsRequestData.DescribableLogDirTopicCollection;
import org.apache.kafka.common.protocol.MessageUtil;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BoundedReadableTest {

    @ParameterizedTest
    @ValueSource(shorts = {1, 4})
    void arrays_have_a_million_elements_together(short version) {
        assertThat(read(version, 300_000, 300_000, 300_000).topics()).hasSize(3);
        assertThat(read(version, 999_999).topics()).hasSize(1);

        assertThatThrownBy(() -> read(version, 300_000, 300_000, 400_000)).hasMessageContaining(
                "Tried to allocate a collection");
        assertThatThrownBy(() -> read(version, 1_000_000)).hasMessageContaining("Tried to allocate a collection");
    }

    private static DescribeLogDirsRequestData read(short version, int... partitions) {
        var topics = new DescribableLogDirTopicCollection();
        for (int count : partitions) {
            List<Integer> indexes = Collections.nCopies(count, 7);
            topics.add(new DescribableLogDirTopic().setTopic("orders-" + topics.size()).setPartitions(indexes));
        }
        var frame = MessageUtil.toByteBufferAccessor(new DescribeLogDirsRequestData().setTopics(topics), version)
                .buffer();
        return new DescribeLogDirsRequestData(new BoundedReadable(frame), version);
    }
}
