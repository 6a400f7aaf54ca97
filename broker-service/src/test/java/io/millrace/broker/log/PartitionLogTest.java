package io.millrace.broker.log;

import static io.millrace.broker.log.LogFixture.NOW_MS;
import static io.millrace.broker.log.LogFixture.append;
import static io.millrace.broker.log.LogFixture.batch;
import static io.millrace.broker.log.LogFixture.config;
import static io.millrace.broker.log.LogFixture.open;
import static io.millrace.broker.log.LogFixture.read;
import static io.millrace.broker.log.LogFixture.values;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.broker.log.AppendResult.Appended;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.LongStream;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.errors.KafkaStorageException;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.junit.jupiter.api.Test;

class PartitionLogTest {
    private final MemoryLogStore store = new MemoryLogStore();

    @Test
    void offsets_are_assigned_without_gaps_over_batches_and_segments() throws IOException {
        PartitionLog log = open(store, config(300));

        for (int i = 0; i < 50; i++) {
            append(log, batch("a" + i, "b" + i));
        }

        assertThat(log.segmentCount()).isGreaterThan(10);
        assertThat(read(log, 0)).extracting(Record::offset).containsExactlyElementsOf(LongStream.range(0, 100).boxed()
                .toList());
        assertThat(values(log)).startsWith("a0", "b0", "a1").endsWith("a49", "b49");
    }

    @Test
    void several_batches_of_one_append_get_one_range() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        append(log, batch("first"));

        AppendResult result = log.appendAsLeader(joined(batch("a", "b"), batch("c")), 3, NOW_MS);

        assertThat(result).isEqualTo(new Appended(1, 3, -1, 0));
        assertThat(values(log)).containsExactly("first", "a", "b", "c");
    }

    @Test
    void the_leader_epoch_is_written_into_each_batch() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        append(log, batch("a"), 4);
        append(log, batch("b"), 7);

        ReadResult.Data data = (ReadResult.Data) log.read(0, 1000, true, 2);

        assertThat(data.records().batches()).extracting(RecordBatch::partitionLeaderEpoch).containsExactly(4, 7);
        assertThat(log.latestLeaderEpoch()).isEqualTo(7);
    }

    @Test
    void an_append_in_an_older_leader_epoch_is_refused() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        append(log, batch("a"), 4);

        AppendResult result = log.appendAsLeader(batch("b"), 3, NOW_MS);

        assertThat(result).isInstanceOfSatisfying(AppendResult.Refused.class,
                refused -> assertThat(refused.error()).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER));
    }

    @Test
    void a_read_in_the_middle_of_a_batch_returns_the_whole_batch() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        append(log, batch("a", "b", "c"));
        append(log, batch("d"));

        ReadResult.Data data = (ReadResult.Data) log.read(1, 10_000, true, log.logEndOffset());

        assertThat(data.records().records()).extracting(Record::offset).containsExactly(0L, 1L, 2L, 3L);
    }

    @Test
    void a_batch_larger_than_the_limit_is_returned_only_when_one_is_wanted_at_least() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        append(log, batch("a".repeat(500)));

        ReadResult.Data wanted = (ReadResult.Data) log.read(0, 10, true, 1);
        ReadResult.Data notWanted = (ReadResult.Data) log.read(0, 10, false, 1);

        assertThat(wanted.records().records()).hasSize(1);
        assertThat(notWanted.records().sizeInBytes()).isZero();
    }

    @Test
    void nothing_at_or_above_the_upper_bound_is_read() throws IOException {
        PartitionLog log = open(store, config(300));
        for (int i = 0; i < 20; i++) {
            append(log, batch("v" + i));
        }

        for (long bound = 0; bound <= 20; bound++) {
            for (long offset = 0; offset <= bound; offset++) {
                ReadResult.Data data = (ReadResult.Data) log.read(offset, 1 << 20, true, bound);
                for (Record record : data.records().records()) {
                    assertThat(record.offset()).isLessThan(bound);
                }
                assertThat(data.records().sizeInBytes() > 0).isEqualTo(offset < bound);
            }
        }
    }

    @Test
    void a_read_outside_the_log_says_where_the_log_is() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        append(log, batch("a", "b", "c"));
        assertThat(log.deleteRecordsBefore(2)).isTrue();

        assertThat(log.read(1, 100, true, 3)).isEqualTo(new ReadResult.OutOfRange(2, 3));
        assertThat(log.read(4, 100, true, 3)).isEqualTo(new ReadResult.OutOfRange(2, 3));
        assertThat(log.read(3, 100, true, 3)).isInstanceOf(ReadResult.Data.class);
    }

    @Test
    void a_segment_is_rolled_by_the_age_of_its_first_record() throws IOException {
        PartitionLog log = open(store, config(1 << 20, 1000, -1, -1));
        append(log, batch(NOW_MS, "a"));
        append(log, batch(NOW_MS + 1000, "b"));
        append(log, batch(NOW_MS + 1001, "c"));

        assertThat(log.segmentCount()).isEqualTo(2);
        assertThat(log.activeSegmentBaseOffset()).isEqualTo(2);
    }

    @Test
    void the_high_watermark_only_rises_and_never_passes_the_end() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        log.appendAsLeader(batch("a", "b", "c"), 0, NOW_MS);

        log.advanceHighWatermark(2);
        log.advanceHighWatermark(1);
        assertThat(log.highWatermark()).isEqualTo(2);
        log.advanceHighWatermark(99);
        assertThat(log.highWatermark()).isEqualTo(3);
    }

    @Test
    void records_above_the_high_watermark_cannot_be_deleted() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        log.appendAsLeader(batch("a", "b", "c"), 0, NOW_MS);
        log.advanceHighWatermark(1);

        assertThat(log.deleteRecordsBefore(2)).isFalse();
        assertThat(log.logStartOffset()).isZero();
    }

    @Test
    void after_a_failed_write_every_call_answers_with_a_storage_error() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        append(log, batch("a"));
        store.failAfter(0);

        assertThatThrownBy(() -> log.appendAsLeader(batch("b"), 0, NOW_MS)).isInstanceOf(KafkaStorageException.class);

        assertThat(log.failed()).isTrue();
        assertThatThrownBy(() -> log.read(0, 100, true, 1)).isInstanceOf(KafkaStorageException.class);
    }

    @Test
    void a_clean_reopen_finds_everything_as_it_was() throws IOException {
        PartitionLog log = open(store, config(300));
        for (int i = 0; i < 30; i++) {
            append(log, batch("v" + i), i / 10);
        }
        List<String> before = values(log);
        log.close();

        PartitionLog reopened = open(store.copy(), config(300), LogFixture.clean(log));

        assertThat(values(reopened)).isEqualTo(before);
        assertThat(reopened.segmentCount()).isEqualTo(log.segmentCount());
        assertThat(reopened.highWatermark()).isEqualTo(30);
        assertThat(reopened.latestLeaderEpoch()).isEqualTo(2);
        assertThat(append(reopened, batch("next"), 2).baseOffset()).isEqualTo(30);
    }

    static MemoryRecords joined(MemoryRecords... parts) {
        int size = 0;
        for (MemoryRecords part : parts) {
            size += part.sizeInBytes();
        }
        ByteBuffer all = ByteBuffer.allocate(size);
        for (MemoryRecords part : parts) {
            all.put(part.buffer());
        }
        return MemoryRecords.readableRecords(all.flip());
    }

    @Test
    void codecs_are_stored_as_they_came() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        for (Compression codec : List.of(Compression.gzip().build(), Compression.snappy().build(), Compression.lz4()
                .build(),
                Compression.zstd().build())) {
            append(log, MemoryRecords.withRecords(codec, LogFixture.records(NOW_MS, "a".repeat(20_000), "b", codec
                    .type().name)));
        }

        ReadResult.Data data = (ReadResult.Data) log.read(0, 1 << 20, true, 12);

        assertThat(data.records().batches()).extracting(batch -> batch.compressionType().name).containsExactly("gzip",
                "snappy", "lz4", "zstd");
        assertThat(values(log)).hasSize(12).contains("gzip", "snappy", "lz4", "zstd");
    }
}
