package io.millrace.broker.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.common.metadata.TopicConfig;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.errors.RetriableException;
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

    @Test
    void each_batch_of_an_append_is_compressed_anew_in_its_place() throws IOException {
        PartitionLog log = open(Map.of("compression.type", "lz4"));
        LogFixture.append(log, LogFixture.batch("before"));

        AppendResult.Appended appended = LogFixture.append(log, several(sent("gzip", "a", "b".repeat(5_000)), sent(
                "none", "c"), sent("lz4", "d"), sent("zstd", "e".repeat(9_000), "f")));

        assertThat(appended.baseOffset()).isEqualTo(1);
        assertThat(appended.lastOffset()).isEqualTo(6);
        assertThat(LogFixture.values(log)).containsExactly("before", "a", "b".repeat(5_000), "c", "d", "e".repeat(
                9_000), "f");
        assertThat(batches(log)).extracting(RecordBatch::baseOffset).containsExactly(0L, 1L, 3L, 4L, 5L);
        assertThat(batches(log)).allSatisfy(batch -> {
            batch.ensureValid();
            assertThat(batch.compressionType()).isEqualTo(CompressionType.LZ4);
        });
    }

    @Test
    void an_append_of_batches_that_are_too_large_together_is_refused() throws IOException {
        PartitionLog log = open(Map.of("compression.type", "uncompressed", "max.message.bytes", "40000000"));
        MemoryRecords half = sent("gzip", "x".repeat(34_000_000));

        AppendResult result = log.appendAsLeader(several(half, half), 0, LogFixture.NOW_MS);

        assertThat(result).isInstanceOfSatisfying(AppendResult.Refused.class, refused -> {
            assertThat(refused.error()).isEqualTo(Errors.MESSAGE_TOO_LARGE);
            assertThat(refused.batchIndex()).isEqualTo(1);
        });
        assertThat(log.logEndOffset()).isZero();
    }

    @Test
    void an_append_that_no_segment_holds_in_the_topics_codec_is_refused() throws IOException {
        PartitionLog log = open(Map.of("compression.type", "uncompressed", "segment.bytes", "1048576"));
        MemoryRecords most = sent("gzip", "x".repeat(600_000));

        AppendResult result = log.appendAsLeader(several(most, most), 0, LogFixture.NOW_MS);

        assertThat(result).isInstanceOfSatisfying(AppendResult.Refused.class, refused -> assertThat(refused.error())
                .isEqualTo(Errors.RECORD_LIST_TOO_LARGE));
        assertThat(log.logEndOffset()).isZero();
        assertThat(log.appendAsLeader(most, 0, LogFixture.NOW_MS)).isInstanceOf(AppendResult.Appended.class);
    }

    @Test
    void an_append_that_gets_no_memory_in_time_is_refused_so_that_it_is_sent_again() throws IOException {
        PartitionLog log = open(Map.of("compression.type", "zstd"), new DecompressionBuffers(0, Duration.ofMillis(1)));

        AppendResult result = log.appendAsLeader(LogFixture.batch("a"), 0, LogFixture.NOW_MS);

        assertThat(result).isInstanceOfSatisfying(AppendResult.Refused.class, refused -> assertThat(refused.error()
                .exception()).isInstanceOf(RetriableException.class));
        assertThat(log.logEndOffset()).isZero();
    }

    @Test
    void an_append_keeps_what_it_needs_while_it_waits_to_be_written_and_nothing_afterwards() throws IOException {
        DecompressionBuffers buffers = new DecompressionBuffers(64, Duration.ofMillis(1));
        int allKibibytes = buffers.recompression().freeKibibytes();
        PartitionLog log = open(Map.of("compression.type", "uncompressed"), buffers);
        List<Integer> freeWhileWaiting = new ArrayList<>();

        log.appendAsLeader(sent("gzip", "x".repeat(100_000)), 0, LogFixture.NOW_MS, (_, store) -> {
            freeWhileWaiting.add(buffers.recompression().freeKibibytes());
            return store.get();
        });
        log.appendAsLeader(sent("gzip", "x".repeat(2_000_000)), 0, LogFixture.NOW_MS);

        assertThat(freeWhileWaiting).singleElement().satisfies(free -> assertThat(free).isBetween(allKibibytes - 1_000,
                allKibibytes - 97));
        assertThat(buffers.recompression().freeKibibytes()).isEqualTo(allKibibytes);
        assertThat(log.logEndOffset()).isEqualTo(1);
    }

    private static MemoryRecords sent(String codec, String... values) {
        return MemoryRecords.withRecords(Compression.of(CompressionType.forName(codec)).build(), LogFixture.records(
                LogFixture.NOW_MS, values));
    }

    private static MemoryRecords several(MemoryRecords... batches) {
        ByteBuffer joined = ByteBuffer.allocate(Arrays.stream(batches).mapToInt(MemoryRecords::sizeInBytes).sum());
        for (MemoryRecords batch : batches) {
            joined.put(batch.buffer().duplicate());
        }
        return MemoryRecords.readableRecords(joined.flip());
    }

    private static PartitionLog open(Map<String, String> settings, DecompressionBuffers buffers) throws IOException {
        return PartitionLog.open(new MemoryLogStore(), TopicConfig.ofStored(settings), new LogSettings(buffers,
                LogFixture.PRODUCER_EXPIRATION_MS, LogFixture.KEY_LIMITS, _ -> {}), LogOpening.UNKNOWN,
                LogFixture.NOW_MS);
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
