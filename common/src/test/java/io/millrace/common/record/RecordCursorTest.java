package io.millrace.common.record;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.common.record.RecordBatchWriterTest.HeaderSample;
import io.millrace.common.record.RecordBatchWriterTest.Sample;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RecordCursorTest {
    private static final long NOW_MS = 1_700_000_000_000L;

    @ParameterizedTest
    @EnumSource(CompressionType.class)
    void walks_what_kafka_wrote_whatever_the_compression(CompressionType compression) {
        var random = new Random(3);
        List<Sample> samples = Sample.random(random, 200);
        ByteBuffer log = ByteBuffer.allocate(1024 * 1024);
        for (int from = 0; from < samples.size(); from += 50) {
            log.put(batch(compression, TimestampType.CREATE_TIME, 1000 + from, samples.subList(from, from + 50)));
        }

        var cursor = new RecordCursor(log.flip(), 0);

        for (int i = 0; i < samples.size(); i++) {
            assertThat(cursor.next()).isTrue();
            assertThat(cursor.offset()).isEqualTo(1000 + i);
            assertThat(read(cursor)).isEqualTo(samples.get(i));
            assertThat(cursor.nextOffset()).isEqualTo(1001 + i);
        }
        assertThat(cursor.next()).isFalse();
        assertThat(cursor.nextOffset()).isEqualTo(1200);
    }

    @Test
    void walks_what_the_writer_wrote() {
        List<Sample> samples = Sample.random(new Random(5), 30);
        RecordSlices slices = RecordBatchWriterTest.slices(samples);
        var writer = new RecordBatchWriter(64);
        for (int i = 0; i < samples.size(); i++) {
            writer.append(slices, i, NOW_MS);
        }

        var cursor = new RecordCursor(writer.close(1, (short) 0, 0).buffer(), 0);

        for (Sample sample : samples) {
            assertThat(cursor.next()).isTrue();
            assertThat(read(cursor)).isEqualTo(sample);
        }
        assertThat(cursor.next()).isFalse();
    }

    @Test
    void begins_in_the_middle_of_a_batch() {
        List<Sample> samples = Sample.random(new Random(6), 10);
        var cursor = new RecordCursor(batch(CompressionType.NONE, TimestampType.CREATE_TIME, 100, samples), 107);

        assertThat(cursor.next()).isTrue();

        assertThat(cursor.offset()).isEqualTo(107);
        assertThat(read(cursor)).isEqualTo(samples.get(7));
    }

    @Test
    void passes_over_control_batches_and_moves_the_next_offset_past_them() {
        MemoryRecords marker = MemoryRecords.withEndTransactionMarker(50, NOW_MS, 0, 9L, (short) 0,
                new EndTransactionMarker(ControlRecordType.COMMIT, 0));
        var cursor = new RecordCursor(marker.buffer(), 50);

        assertThat(cursor.next()).isFalse();

        assertThat(cursor.nextOffset()).isEqualTo(51);
    }

    @Test
    void log_append_time_replaces_the_records_own() {
        var cursor = new RecordCursor(batch(CompressionType.NONE, TimestampType.LOG_APPEND_TIME, 0, Sample.random(
                new Random(8), 3)), 0);

        assertThat(cursor.next()).isTrue();

        assertThat(cursor.timestampMs()).isEqualTo(NOW_MS + 5);
    }

    @Test
    void a_batch_cut_off_at_any_byte_ends_the_walk_after_the_whole_ones() {
        ByteBuffer first = batch(CompressionType.NONE, TimestampType.CREATE_TIME, 0, Sample.random(new Random(9), 3));
        ByteBuffer second = batch(CompressionType.NONE, TimestampType.CREATE_TIME, 3, Sample.random(new Random(10), 3));
        ByteBuffer both = ByteBuffer.allocate(first.remaining() + second.remaining()).put(first.duplicate()).put(second)
                .flip();
        for (int end = first.remaining(); end < both.capacity(); end++) {
            var cursor = new RecordCursor(both.duplicate().limit(end), 0);
            int read = 0;
            while (cursor.next()) {
                read++;
            }
            assertThat(read).isEqualTo(3);
            assertThat(cursor.nextOffset()).isEqualTo(3);
        }
    }

    @Test
    void a_flipped_bit_is_an_error_and_never_a_wrong_record() {
        ByteBuffer batch = batch(CompressionType.NONE, TimestampType.CREATE_TIME, 0, Sample.random(new Random(12), 20));
        batch.put(70, (byte) (batch.get(70) ^ 4));

        assertThatThrownBy(() -> new RecordCursor(batch, 0).next()).isInstanceOf(CorruptBatchException.class)
                .hasMessageContaining("CRC");
    }

    @ParameterizedTest
    @EnumSource(names = {"GZIP", "SNAPPY", "LZ4", "ZSTD"})
    void a_batch_that_there_is_no_memory_for_ends_the_walk_before_it(CompressionType compression) {
        var small = List.of(new Sample("k", "v", -1, List.of()));
        var large = List.of(new Sample("k", "x".repeat(10_000_000), -1, List.of()));
        ByteBuffer log = ByteBuffer.allocate(8 * 1024 * 1024)
                .put(batch(compression, TimestampType.CREATE_TIME, 0, small))
                .put(batch(compression, TimestampType.CREATE_TIME, 1, large))
                .put(batch(compression, TimestampType.CREATE_TIME, 2, small)).flip();
        var enough = new Counted(10_100_000);
        var cursor = new RecordCursor(log.duplicate(), 0, enough);
        for (int i = 0; i < 3; i++) {
            assertThat(cursor.next()).isTrue();
        }
        assertThat(read(cursor)).isEqualTo(small.getFirst());
        assertThat(cursor.next()).isFalse();
        assertThat(cursor.isStarved()).isFalse();

        for (long limit : new long[]{8_000_000, 4_000_000, 100_000}) {
            var tooLittle = new RecordCursor(log.duplicate(), 0, new Counted(limit));
            assertThat(tooLittle.next()).isTrue();
            assertThat(read(tooLittle)).isEqualTo(small.getFirst());

            assertThat(tooLittle.next()).isFalse();

            assertThat(tooLittle.isStarved()).isTrue();
            assertThat(tooLittle.nextOffset()).isEqualTo(1);
            assertThat(tooLittle.next()).isFalse();
        }
    }

    @Test
    void a_batch_that_decompresses_to_more_than_the_limit_is_refused_before_there_is_memory_for_it() {
        var zeros = List.of(new Sample(null, "\0".repeat(70 << 20), -1, List.of()),
                new Sample(null, "\0".repeat(70 << 20), -1, List.of()));
        var memory = new Counted(9 << 20);

        assertThatThrownBy(() -> new RecordCursor(batch(CompressionType.ZSTD, TimestampType.CREATE_TIME, 0, zeros), 0,
                memory).next()).isInstanceOf(CorruptBatchException.class).hasMessageContaining("134217728");
    }

    private static final class Counted implements BatchMemory {
        private final long limitBytes;
        private long usedBytes;

        Counted(long limitBytes) {
            this.limitBytes = limitBytes;
        }

        @Override
        public boolean tryTake(long bytes) {
            if (usedBytes + bytes > limitBytes) {
                return false;
            }
            usedBytes += bytes;
            return true;
        }

        @Override
        public void giveBack(long bytes) {
            usedBytes -= bytes;
        }
    }

    private static ByteBuffer batch(CompressionType compression, TimestampType timestamps, long baseOffset,
            List<Sample> samples) {
        try (var builder = MemoryRecords.builder(ByteBuffer.allocate(256 * 1024), (byte) 2, Compression.of(compression)
                .build(), timestamps,
                baseOffset, NOW_MS + 5)) {
            for (Sample sample : samples) {
                Header[] headers = sample.headers().stream().map(h -> new RecordHeader(h.key(), bytes(h.value())))
                        .toArray(Header[]::new);
                builder.append(sample.timestampMs() == -1 ? NOW_MS : sample.timestampMs(), bytes(sample.key()), bytes(
                        sample.value()), headers);
            }
            return builder.build().buffer();
        }
    }

    private static byte @Nullable [] bytes(@Nullable String text) {
        return text == null ? null : text.getBytes(UTF_8);
    }

    private static Sample read(RecordCursor cursor) {
        var headers = new ArrayList<HeaderSample>();
        while (cursor.nextHeader()) {
            headers.add(new HeaderSample(text(cursor, cursor.headerKeyStart(), cursor.headerKeyLength()),
                    textOrNull(cursor, cursor.headerValueStart(), cursor.headerValueLength())));
        }
        return new Sample(textOrNull(cursor, cursor.keyStart(), cursor.keyLength()),
                textOrNull(cursor, cursor.valueStart(), cursor.valueLength()),
                cursor.timestampMs() == NOW_MS ? -1 : cursor.timestampMs(), headers);
    }

    private static String text(RecordCursor cursor, int start, int length) {
        return new String(cursor.bytes(), start, length, UTF_8);
    }

    private static @Nullable String textOrNull(RecordCursor cursor, int start, int length) {
        return length < 0 ? null : text(cursor, start, length);
    }
}
