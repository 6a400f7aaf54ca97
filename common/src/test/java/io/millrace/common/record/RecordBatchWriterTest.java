package io.millrace.common.record;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.utils.Utils;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RecordBatchWriterTest {
    private static final long NOW_MS = 1_700_000_000_000L;

    @Test
    void kafka_reads_back_every_record_that_was_written() {
        var random = new Random(7);
        var writer = new RecordBatchWriter(16);
        for (int round = 0; round < 300; round++) {
            List<Sample> samples = Sample.random(random, 1 + random.nextInt(40));
            RecordSlices slices = slices(samples);
            writer.reset();
            for (int i = 0; i < slices.count(); i++) {
                int before = writer.sizeBytes();
                int announced = writer.sizeOf(slices, i, NOW_MS);
                writer.append(slices, i, NOW_MS);
                assertThat(writer.sizeBytes() - before).isEqualTo(announced).isLessThanOrEqualTo(slices.sizeUpperBound(
                        i));
            }

            MutableRecordBatch batch = onlyBatch(writer.close(4711L, (short) 3, 99));

            assertThat(batch.isValid()).isTrue();
            assertThat(batch.producerId()).isEqualTo(4711L);
            assertThat(batch.producerEpoch()).isEqualTo((short) 3);
            assertThat(batch.baseSequence()).isEqualTo(99);
            assertThat(batch.countOrNull()).isEqualTo(samples.size());
            assertThat(batch.lastOffset()).isEqualTo(samples.size() - 1);
            assertThat(batch.sizeInBytes()).isEqualTo(writer.sizeBytes());
            List<Sample> read = new ArrayList<>();
            for (Record record : batch) {
                read.add(Sample.of(record));
            }
            assertThat(read).isEqualTo(samples);
            long latest = samples.stream().mapToLong(s -> s.timestampMs == -1 ? NOW_MS : s.timestampMs).max()
                    .orElseThrow();
            assertThat(batch.maxTimestamp()).isEqualTo(latest);
        }
    }

    @Test
    void a_batch_closed_again_carries_the_new_identity_and_stays_valid() {
        var writer = new RecordBatchWriter(1024);
        writer.append(slices(List.of(new Sample("k", "v", -1, List.of()))), 0, NOW_MS);
        writer.close(1, (short) 0, 5);

        MutableRecordBatch batch = onlyBatch(writer.close(1, (short) 1, 0));

        assertThat(batch.isValid()).isTrue();
        assertThat(batch.producerEpoch()).isEqualTo((short) 1);
        assertThat(batch.baseSequence()).isZero();
    }

    @Test
    void keys_go_to_the_partition_that_kafka_clients_choose() {
        var random = new Random(11);
        for (int i = 0; i < 5_000; i++) {
            var bytes = new byte[random.nextInt(64)];
            random.nextBytes(bytes);
            var padded = new byte[bytes.length + 7];
            System.arraycopy(bytes, 0, padded, 3, bytes.length);
            int partitions = 1 + random.nextInt(100);

            assertThat(PartitionHash.murmur2(padded, 3, bytes.length)).isEqualTo(Utils.murmur2(bytes));
            assertThat(PartitionHash.partitionOf(padded, 3, bytes.length, partitions))
                    .isEqualTo(Utils.toPositive(Utils.murmur2(bytes)) % partitions);
        }
    }

    private static MutableRecordBatch onlyBatch(MemoryRecords records) {
        var batches = records.batches().iterator();
        MutableRecordBatch batch = batches.next();
        assertThat(batches.hasNext()).isFalse();
        return batch;
    }

    static RecordSlices slices(List<Sample> samples) {
        var source = new ByteArrayOutputStream();
        source.write('#');
        var slices = new RecordSlices();
        var parts = new ArrayList<int[]>();
        for (Sample sample : samples) {
            int keyStart = put(source, sample.key);
            int valueStart = put(source, sample.value);
            var part = new int[2 + 2 * sample.headers.size()];
            part[0] = keyStart;
            part[1] = valueStart;
            for (int h = 0; h < sample.headers.size(); h++) {
                part[2 + 2 * h] = put(source, sample.headers.get(h).key);
                part[3 + 2 * h] = put(source, sample.headers.get(h).value);
            }
            parts.add(part);
        }
        slices.clear(source.toByteArray());
        for (int i = 0; i < samples.size(); i++) {
            Sample sample = samples.get(i);
            slices.add();
            if (sample.key != null) {
                slices.key(parts.get(i)[0], sample.key.getBytes(UTF_8).length);
            }
            if (sample.value != null) {
                slices.value(parts.get(i)[1], sample.value.getBytes(UTF_8).length);
            }
            if (sample.timestampMs != -1) {
                slices.timestamp(sample.timestampMs);
            }
            for (int h = 0; h < sample.headers.size(); h++) {
                HeaderSample header = sample.headers.get(h);
                slices.addHeader(parts.get(i)[2 + 2 * h], header.key.getBytes(UTF_8).length, parts.get(i)[3 + 2 * h],
                        header.value == null ? -1 : header.value.getBytes(UTF_8).length);
            }
        }
        return slices;
    }

    private static int put(ByteArrayOutputStream source, @Nullable String text) {
        int start = source.size();
        if (text != null) {
            source.writeBytes(text.getBytes(UTF_8));
        }
        return start;
    }

    record HeaderSample(String key, @Nullable String value) {}

    record Sample(@Nullable String key, @Nullable String value, long timestampMs, List<HeaderSample> headers) {
        static List<Sample> random(Random random, int count) {
            var samples = new ArrayList<Sample>();
            for (int i = 0; i < count; i++) {
                var headers = new ArrayList<HeaderSample>();
                for (int h = random.nextInt(4); h > 1; h--) {
                    headers.add(new HeaderSample(text(random, 10), random.nextInt(4) == 0 ? null : text(random, 200)));
                }
                samples.add(new Sample(random.nextBoolean() ? null : text(random, 20), random.nextInt(10) == 0 ? null
                        : text(random, 500),
                        random.nextInt(3) == 0 ? random.nextLong(NOW_MS * 2) : -1, headers));
            }
            return samples;
        }

        static String text(Random random, int atMost) {
            return "é".repeat(random.nextInt(atMost));
        }

        static Sample of(Record record) {
            var headers = new ArrayList<HeaderSample>();
            for (Header header : record.headers()) {
                headers.add(new HeaderSample(header.key(), header.value() == null ? null
                        : new String(header.value(), UTF_8)));
            }
            return new Sample(text(record.key()), text(record.value()), record.timestamp() == NOW_MS ? -1
                    : record.timestamp(), headers);
        }

        private static @Nullable String text(@Nullable ByteBuffer bytes) {
            return bytes == null ? null : UTF_8.decode(bytes).toString();
        }
    }
}
