package io.millrace.broker.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.common.metadata.TopicCompression;
import io.millrace.common.metadata.TopicConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.SimpleRecord;

/** Small logs and batches for tests. */
final class LogFixture {
    static final long NOW_MS = 1_700_000_000_000L;
    static final long PRODUCER_EXPIRATION_MS = 86_400_000;
    static final KeyLimits KEY_LIMITS = new KeyLimits(660_000, 1000, new KeyMemory(1 << 27, 1));
    static final LogSettings SETTINGS = new LogSettings(new DecompressionBuffers(), PRODUCER_EXPIRATION_MS,
            KEY_LIMITS, _ -> {});

    private LogFixture() {}

    /** Index entries after every 128 bytes, so that short logs have some. */
    static TopicConfig config(int segmentBytes) {
        return config(segmentBytes, 604_800_000L, -1, -1);
    }

    static TopicConfig config(int segmentBytes, long segmentMs, long retentionMs, long retentionBytes) {
        return new TopicConfig(segmentBytes, segmentMs, 0, 1 << 20, 128, 1 << 20, TimestampType.CREATE_TIME,
                Long.MAX_VALUE, 3_600_000L, false, true,
                retentionMs, retentionBytes, Long.MAX_VALUE, Long.MAX_VALUE, 60_000, 1, false,
                TopicCompression.AS_SENT);
    }

    static TopicConfig withTimestamps(TimestampType type, long beforeMaxMs, long afterMaxMs) {
        return new TopicConfig(1 << 20, 604_800_000L, 0, 1 << 20, 128, 1 << 20, type, beforeMaxMs, afterMaxMs, false,
                true, -1, -1, Long.MAX_VALUE,
                Long.MAX_VALUE, 60_000, 1, false, TopicCompression.AS_SENT);
    }

    static TopicConfig compacted() {
        return new TopicConfig(1 << 20, 604_800_000L, 0, 1 << 20, 128, 1 << 20, TimestampType.CREATE_TIME,
                Long.MAX_VALUE, 3_600_000L, true, false,
                -1, -1, Long.MAX_VALUE, Long.MAX_VALUE, 60_000, 1, false, TopicCompression.AS_SENT);
    }

    static TopicConfig withMaxMessageBytes(int maxMessageBytes) {
        return new TopicConfig(1 << 20, 604_800_000L, 0, 1 << 20, 128, maxMessageBytes, TimestampType.CREATE_TIME,
                Long.MAX_VALUE, 3_600_000L, false,
                true, -1, -1, Long.MAX_VALUE, Long.MAX_VALUE, 60_000, 1, false, TopicCompression.AS_SENT);
    }

    static PartitionLog open(LogStore store, TopicConfig config) throws IOException {
        return open(store, config, LogOpening.UNKNOWN);
    }

    static PartitionLog open(LogStore store, TopicConfig config, LogOpening opening) throws IOException {
        return PartitionLog.open(store, config, SETTINGS, opening, NOW_MS);
    }

    static LogOpening clean(PartitionLog log) {
        return new LogOpening(true, log.recoveryPoint(), log.logStartOffset(), log.highWatermark());
    }

    static MemoryRecords batch(String... values) {
        return batch(NOW_MS, values);
    }

    static MemoryRecords batch(long timestampMs, String... values) {
        return MemoryRecords.withRecords(Compression.NONE, records(timestampMs, values));
    }

    static MemoryRecords idempotent(long producerId, int epoch, int baseSequence, String... values) {
        return MemoryRecords.withIdempotentRecords(Compression.NONE, producerId, (short) epoch, baseSequence, records(
                NOW_MS, values));
    }

    static SimpleRecord[] records(long timestampMs, String... values) {
        return IntStream.range(0, values.length)
                .mapToObj(i -> new SimpleRecord(timestampMs + i, ("k" + i).getBytes(StandardCharsets.UTF_8), values[i]
                        .getBytes(StandardCharsets.UTF_8)))
                .toArray(SimpleRecord[]::new);
    }

    static AppendResult.Appended append(PartitionLog log, MemoryRecords records) {
        return append(log, records, 0);
    }

    static AppendResult.Appended append(PartitionLog log, MemoryRecords records, int leaderEpoch) {
        AppendResult result = log.appendAsLeader(records, leaderEpoch, NOW_MS);
        assertThat(result).isInstanceOf(AppendResult.Appended.class);
        log.advanceHighWatermark(log.logEndOffset());
        return (AppendResult.Appended) result;
    }

    static List<Record> read(PartitionLog log, long offset) {
        List<Record> records = new ArrayList<>();
        long next = offset;
        while (next < log.logEndOffset()) {
            ReadResult.Data data = (ReadResult.Data) log.read(next, 300, true, log.logEndOffset());
            long before = next;
            for (Record record : data.records().records()) {
                if (record.offset() >= next) {
                    records.add(record);
                    next = record.offset() + 1;
                }
            }
            assertThat(next).as("a read must get on").isGreaterThan(before);
        }
        return records;
    }

    static String value(Record record) {
        return StandardCharsets.UTF_8.decode(record.value()).toString();
    }

    static List<String> values(PartitionLog log) {
        return read(log, log.logStartOffset()).stream().map(LogFixture::value).toList();
    }
}
