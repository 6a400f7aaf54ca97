package io.millrace.broker.log;

import static io.millrace.broker.log.LogFixture.NOW_MS;
import static io.millrace.broker.log.LogFixture.batch;
import static io.millrace.broker.log.LogFixture.config;
import static io.millrace.broker.log.LogFixture.open;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.broker.log.AppendResult.Appended;
import io.millrace.broker.log.AppendResult.Refused;
import io.millrace.common.metadata.TopicConfig;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.common.utils.Crc32C;
import org.junit.jupiter.api.Test;

class BadBatchTest {
    private static final int FIRST_RECORD = BatchHeader.SIZE_BYTES;

    @Test
    void a_damaged_byte_fails_the_checksum() throws IOException {
        MemoryRecords records = batch("a", "b");
        records.buffer().put(FIRST_RECORD + 5, (byte) 99);

        assertRefused(records, Errors.CORRUPT_MESSAGE, -1);
    }

    @Test
    void records_that_end_within_a_batch_are_refused_at_every_length() throws IOException {
        ByteBuffer whole = batch("a", "b").buffer();
        for (int length = 1; length < whole.limit(); length++) {
            assertRefused(MemoryRecords.readableRecords(ByteBuffer.wrap(Arrays.copyOf(whole.array(), length))),
                    Errors.CORRUPT_MESSAGE, -1);
        }
        assertRefused(MemoryRecords.EMPTY, Errors.INVALID_RECORD, -1);
    }

    @Test
    void no_changed_byte_of_a_batch_is_taken_for_another_batch_or_breaks_the_log() throws IOException {
        Random random = new Random(42);
        for (Compression codec : List.of(Compression.NONE, Compression.gzip().build(), Compression.snappy().build(),
                Compression.lz4().build(),
                Compression.zstd().build())) {
            PartitionLog log = open(new MemoryLogStore(), config(1 << 20));
            for (int i = 0; i < 3_000; i++) {
                ByteBuffer bytes = MemoryRecords.withRecords(codec, LogFixture.records(NOW_MS, "some value", "another",
                        "a third")).buffer();
                bytes.put(FIRST_RECORD + random.nextInt(bytes.limit() - FIRST_RECORD), (byte) random.nextInt(256));
                correctChecksum(bytes);
                long end = log.logEndOffset();
                AppendResult result = log.appendAsLeader(MemoryRecords.readableRecords(bytes), 0, NOW_MS);
                if (result instanceof Appended) {
                    assertThat(LogFixture.read(log, end)).hasSize(3);
                } else {
                    assertThat(((Refused) result).error()).isIn(Errors.INVALID_RECORD, Errors.INVALID_TIMESTAMP);
                    assertThat(log.logEndOffset()).isEqualTo(end);
                }
            }
            assertThat(log.failed()).isFalse();
        }
    }

    @Test
    void older_and_unknown_formats_are_refused() throws IOException {
        for (byte magic : new byte[]{0, 1}) {
            assertRefused(changed(buffer -> buffer.put(16, magic)), Errors.UNSUPPORTED_FOR_MESSAGE_FORMAT, -1);
        }
        assertRefused(changed(buffer -> buffer.put(16, (byte) 3)), Errors.CORRUPT_MESSAGE, -1);
    }

    @Test
    void a_base_offset_other_than_zero_is_refused() throws IOException {
        assertRefused(changed(buffer -> buffer.putLong(0, 5)), Errors.INVALID_RECORD, -1);
    }

    @Test
    void counts_that_contradict_each_other_or_the_records_are_refused() throws IOException {
        assertRefused(changed(buffer -> buffer.putInt(57, 3)), Errors.INVALID_RECORD, -1);
        assertRefused(changed(buffer -> buffer.putInt(57, 0).putInt(23, -1)), Errors.INVALID_RECORD, -1);
        assertRefused(changed(buffer -> buffer.putInt(57, 3).putInt(23, 2)), Errors.INVALID_RECORD, 2);
        assertRefused(changed(buffer -> buffer.putInt(57, 1).putInt(23, 0)), Errors.INVALID_RECORD, -1);
        assertRefused(changed(buffer -> buffer.putInt(57, Integer.MIN_VALUE).putInt(23, Integer.MAX_VALUE)),
                Errors.INVALID_RECORD, -1);
    }

    @Test
    void the_count_of_a_compressed_batch_is_checked_too() throws IOException {
        for (Compression codec : List.of(Compression.gzip().build(), Compression.snappy().build(), Compression.lz4()
                .build(),
                Compression.zstd().build())) {
            ByteBuffer more = MemoryRecords.withRecords(codec, LogFixture.records(NOW_MS, "a", "b")).buffer();
            more.putInt(57, 3).putInt(23, 2);
            assertRefused(corrected(more), Errors.INVALID_RECORD, 2);
            ByteBuffer fewer = MemoryRecords.withRecords(codec, LogFixture.records(NOW_MS, "a", "b")).buffer();
            fewer.putInt(57, 1).putInt(23, 0);
            assertRefused(corrected(fewer), Errors.INVALID_RECORD, -1);
        }
    }

    @Test
    void bytes_that_do_not_decompress_are_refused() throws IOException {
        for (int codec = 1; codec <= 4; codec++) {
            int attributes = codec;
            assertRefused(changed(buffer -> buffer.putShort(21, (short) attributes)), Errors.INVALID_RECORD, -1);
        }
    }

    @Test
    void a_snappy_block_that_claims_gigabytes_takes_no_memory() throws IOException {
        byte[] claim = {(byte) 0xff, (byte) 0xff, (byte) 0xff, (byte) 0xff, 0x07, 0, 0, 0};
        byte[] framed = ByteBuffer.allocate(28).put(new byte[]{(byte) 0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0}).putInt(1)
                .putInt(1)
                .putInt(claim.length).put(claim).array();
        byte[] longBlock = ByteBuffer.allocate(20).put(framed, 0, 16).putInt(500_000_000).array();
        for (byte[] records : List.of(claim, framed, longBlock)) {
            ByteBuffer batch = ByteBuffer.allocate(BatchHeader.SIZE_BYTES + records.length);
            batch.put(batch("a").buffer().slice(0, BatchHeader.SIZE_BYTES)).put(records).flip();
            batch.putInt(8, batch.limit() - 12).putShort(21, (short) 2);

            assertRefused(corrected(batch), Errors.INVALID_RECORD, -1);
        }
    }

    @Test
    void an_unknown_codec_is_refused() throws IOException {
        assertRefused(changed(buffer -> buffer.putShort(21, (short) 5)), Errors.UNSUPPORTED_COMPRESSION_TYPE, -1);
    }

    @Test
    void clients_may_not_write_control_batches_or_open_transactions() throws IOException {
        assertRefused(MemoryRecords.withEndTransactionMarker(7, (short) 0, new EndTransactionMarker(
                ControlRecordType.COMMIT, 0)),
                Errors.INVALID_RECORD, -1);
        assertRefused(MemoryRecords.withTransactionalRecords(Compression.NONE, 7, (short) 0, 0, new SimpleRecord(NOW_MS,
                "a".getBytes())),
                Errors.INVALID_TXN_STATE, -1);
    }

    @Test
    void negative_sequences_and_epochs_are_refused() throws IOException {
        assertRefused(changed(buffer -> buffer.putLong(43, 7).putShort(51, (short) 0).putInt(53, -1)),
                Errors.INVALID_RECORD, -1);
        assertRefused(changed(buffer -> buffer.putLong(43, 7).putShort(51, (short) -1).putInt(53, 0)),
                Errors.INVALID_RECORD, -1);
    }

    @Test
    void a_batch_over_max_message_bytes_is_refused_and_one_at_the_limit_is_taken() throws IOException {
        int sizeBytes = batch("value").sizeInBytes();

        assertThat(append(LogFixture.withMaxMessageBytes(sizeBytes), batch("value"))).isInstanceOf(Appended.class);
        assertThat(append(LogFixture.withMaxMessageBytes(sizeBytes - 1), batch("value"))).isInstanceOfSatisfying(
                Refused.class,
                refused -> assertThat(refused.error()).isEqualTo(Errors.MESSAGE_TOO_LARGE));
    }

    @Test
    void an_append_larger_than_a_segment_is_refused() throws IOException {
        assertThat(append(config(100), batch("x".repeat(100)))).isInstanceOfSatisfying(Refused.class,
                refused -> assertThat(refused.error()).isEqualTo(Errors.RECORD_LIST_TOO_LARGE));
    }

    @Test
    void a_timestamp_outside_of_the_allowed_range_names_the_record() throws IOException {
        TopicConfig config = LogFixture.withTimestamps(TimestampType.CREATE_TIME, 1_000, 500);

        assertThat(append(config, batch(NOW_MS - 1_000, "a"))).isInstanceOf(Appended.class);
        assertThat(append(config, batch(NOW_MS + 500, "a"))).isInstanceOf(Appended.class);
        assertThat(append(config, batch(NOW_MS - 1_001, "a"))).isEqualTo(timestampRefusal(0, NOW_MS - 1_001));
        assertThat(append(config, batch(NOW_MS + 500, "a", "b"))).isEqualTo(timestampRefusal(1, NOW_MS + 501));
    }

    private static Refused timestampRefusal(int recordIndex, long timestampMs) {
        return new Refused(Errors.INVALID_TIMESTAMP, "timestamp " + timestampMs + " is outside the allowed range from "
                + (NOW_MS - 1_000) + " to "
                + (NOW_MS + 500), 0, recordIndex);
    }

    @Test
    void a_producer_may_not_claim_log_append_time() throws IOException {
        MemoryRecords records = MemoryRecords.withRecords(RecordBatch.CURRENT_MAGIC_VALUE, 0L, Compression.NONE,
                TimestampType.LOG_APPEND_TIME,
                new SimpleRecord(NOW_MS, "a".getBytes()));

        assertRefused(records, Errors.INVALID_TIMESTAMP, -1);
    }

    @Test
    void a_wrong_max_timestamp_is_corrected() throws IOException {
        MemoryLogStore store = new MemoryLogStore();
        PartitionLog log = open(store, config(1 << 20));

        assertThat(log.appendAsLeader(changed(buffer -> buffer.putLong(35, NOW_MS + 77)), 0, NOW_MS)).isInstanceOf(
                Appended.class);

        RecordBatch stored = ((ReadResult.Data) log.read(0, 1000, true, 2)).records().batches().iterator().next();
        assertThat(stored.maxTimestamp()).isEqualTo(NOW_MS + 1);
        assertThat(stored.isValid()).isTrue();
    }

    @Test
    void a_compacted_topic_takes_no_record_without_a_key() throws IOException {
        SimpleRecord keyed = new SimpleRecord(NOW_MS, "k".getBytes(), "a".getBytes());
        SimpleRecord keyless = new SimpleRecord(NOW_MS, null, "b".getBytes());

        assertThat(append(LogFixture.compacted(), MemoryRecords.withRecords(Compression.NONE, keyed))).isInstanceOf(
                Appended.class);
        for (Compression codec : List.of(Compression.NONE, Compression.gzip().build())) {
            assertThat(append(LogFixture.compacted(), MemoryRecords.withRecords(codec, keyed, keyless))).isEqualTo(
                    new Refused(Errors.INVALID_RECORD, "a compacted topic takes no record without a key", 0, 1));
        }
    }

    @Test
    void the_second_of_two_batches_is_named_and_nothing_is_stored() throws IOException {
        PartitionLog log = open(new MemoryLogStore(), config(1 << 20));
        MemoryRecords records = PartitionLogTest.joined(batch("a"), changed(buffer -> buffer.putLong(0, 5)));

        assertThat(log.appendAsLeader(records, 0, NOW_MS)).isInstanceOfSatisfying(Refused.class,
                refused -> assertThat(refused.batchIndex()).isEqualTo(1));
        assertThat(log.logEndOffset()).isZero();
    }

    @Test
    void headers_and_nulls_are_fine() throws IOException {
        Header[] headers = {new RecordHeader("h", "v".getBytes()), new RecordHeader("null", (byte[]) null)};
        SimpleRecord[] records = {new SimpleRecord(NOW_MS, (byte[]) null, null, headers), new SimpleRecord(NOW_MS, ""
                .getBytes(),
                "".getBytes())};
        for (Compression codec : List.of(Compression.NONE, Compression.snappy().build())) {
            assertThat(append(config(1 << 20), MemoryRecords.withRecords(codec, records))).isInstanceOf(Appended.class);
        }
    }

    @Test
    void values_larger_than_the_scan_window_are_walked_whole() throws IOException {
        String large = "x".repeat(3 * RecordScan.WINDOW_BYTES + 17);
        for (Compression codec : List.of(Compression.NONE, Compression.gzip().build(), Compression.snappy().build(),
                Compression.lz4().build(),
                Compression.zstd().build())) {
            assertThat(append(config(1 << 20), MemoryRecords.withRecords(codec, LogFixture.records(NOW_MS, large, "b",
                    large))))
                    .isInstanceOf(Appended.class);
        }
    }

    @Test
    void records_in_a_direct_buffer_are_taken_as_well() throws IOException {
        ByteBuffer heap = batch("a", "b").buffer();
        ByteBuffer direct = ByteBuffer.allocateDirect(heap.limit()).put(heap).flip();

        assertThat(append(config(1 << 20), MemoryRecords.readableRecords(direct))).isInstanceOf(Appended.class);
    }

    private static void assertRefused(MemoryRecords records, Errors error, int recordIndex) throws IOException {
        MemoryLogStore store = new MemoryLogStore();
        PartitionLog log = open(store, config(1 << 20));

        AppendResult result = log.appendAsLeader(records, 0, NOW_MS);

        assertThat(result).isInstanceOfSatisfying(Refused.class, refused -> {
            assertThat(refused.error()).as(refused.message()).isEqualTo(error);
            assertThat(refused.recordIndex()).as(refused.message()).isEqualTo(recordIndex);
        });
        assertThat(log.logEndOffset()).isZero();
        assertThat(store.content(FileNames.of(0, FileNames.LOG))).isEmpty();
    }

    private static AppendResult append(TopicConfig config, MemoryRecords records) throws IOException {
        return open(new MemoryLogStore(), config).appendAsLeader(records, 0, NOW_MS);
    }

    /** A batch of two records with some header fields changed and the checksum set right again. */
    private static MemoryRecords changed(Consumer<ByteBuffer> change) {
        ByteBuffer buffer = batch("a", "b").buffer();
        change.accept(buffer);
        return corrected(buffer);
    }

    private static MemoryRecords corrected(ByteBuffer buffer) {
        correctChecksum(buffer);
        return MemoryRecords.readableRecords(buffer);
    }

    private static void correctChecksum(ByteBuffer buffer) {
        buffer.putInt(17, (int) Crc32C.compute(buffer, 21, buffer.limit() - 21));
    }
}
