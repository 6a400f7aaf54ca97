package io.millrace.broker.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.common.metadata.TopicConfig;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Batches in another codec than their producer's. */
class RecompressionTest {
    private static final int PRODUCER = 77;

    @ParameterizedTest
    @CsvSource({"gzip,zstd", "zstd,gzip", "none,lz4", "lz4,snappy", "snappy,uncompressed", "none,uncompressed",
            "zstd,zstd", "gzip,producer"})
    void batches_are_stored_in_the_topics_codec_and_keep_all_else(String sent, String asked) throws IOException {
        PartitionLog log = open(Map.of("compression.type", asked));
        Compression codec = Compression.of(CompressionType.forName(sent)).build();
        MemoryRecords first = MemoryRecords.withIdempotentRecords(codec, PRODUCER, (short) 3, 0, LogFixture.records(
                LogFixture.NOW_MS, "a", "b".repeat(5_000)));
        MemoryRecords second = MemoryRecords.withIdempotentRecords(codec, PRODUCER, (short) 3, 2, LogFixture.records(
                LogFixture.NOW_MS, "c"));

        LogFixture.append(log, first);
        LogFixture.append(log, second);

        assertThat(LogFixture.values(log)).containsExactly("a", "b".repeat(5_000), "c");
        List<RecordBatch> batches = batches(log);
        assertThat(batches).hasSize(2).allSatisfy(batch -> {
            batch.ensureValid();
            assertThat(batch.compressionType().name).isEqualTo(switch (asked) {
                case "uncompressed" -> "none";
                case "producer" -> sent;
                default -> asked;
            });
            assertThat(batch.producerId()).isEqualTo(PRODUCER);
            assertThat(batch.producerEpoch()).isEqualTo((short) 3);
        });
        assertThat(batches.getLast().baseSequence()).isEqualTo(2);
        assertThat(batches.getLast().baseOffset()).isEqualTo(2);
        assertThat(log.appendAsLeader(MemoryRecords.withIdempotentRecords(codec, PRODUCER, (short) 3, 2, LogFixture
                .records(LogFixture.NOW_MS, "c")), 0, LogFixture.NOW_MS)).isInstanceOf(AppendResult.Duplicate.class);
    }

    @Test
    void a_batch_that_is_too_large_in_the_topics_codec_is_refused_before_it_is_whole() throws IOException {
        PartitionLog log = open(Map.of("compression.type", "uncompressed", "max.message.bytes", "10000"));
        MemoryRecords bomb = MemoryRecords.withRecords(Compression.gzip().build(), LogFixture.records(LogFixture.NOW_MS,
                "x".repeat(4 << 20)));
        assertThat(bomb.sizeInBytes()).isLessThan(10_000);

        AppendResult result = log.appendAsLeader(bomb, 0, LogFixture.NOW_MS);

        assertThat(result).isInstanceOfSatisfying(AppendResult.Refused.class, refused -> assertThat(refused.error())
                .isEqualTo(Errors.MESSAGE_TOO_LARGE));
        assertThat(log.logEndOffset()).isZero();
    }

    @Test
    void what_is_compressed_anew_is_stamped_by_the_log_where_the_topic_asks_for_it() throws IOException {
        PartitionLog log = open(Map.of("compression.type", "zstd", "message.timestamp.type", "LogAppendTime"));

        AppendResult.Appended appended = LogFixture.append(log, LogFixture.batch(1, "a"));

        assertThat(appended.logAppendTimeMs()).isEqualTo(LogFixture.NOW_MS);
        assertThat(batches(log)).singleElement().satisfies(batch -> {
            batch.ensureValid();
            assertThat(batch.timestampType()).isEqualTo(TimestampType.LOG_APPEND_TIME);
            assertThat(batch.maxTimestamp()).isEqualTo(LogFixture.NOW_MS);
        });
    }

    private static PartitionLog open(Map<String, String> settings) throws IOException {
        return LogFixture.open(new MemoryLogStore(), TopicConfig.ofStored(settings));
    }

    private static List<RecordBatch> batches(PartitionLog log) {
        List<RecordBatch> batches = new ArrayList<>();
        ((ReadResult.Data) log.read(0, 1 << 20, true, log.logEndOffset())).records().batches().forEach(batches::add);
        return batches;
    }
}
