package io.millrace.broker.log;

import static io.millrace.broker.log.LogFixture.NOW_MS;
import static io.millrace.broker.log.LogFixture.append;
import static io.millrace.broker.log.LogFixture.batch;
import static io.millrace.broker.log.LogFixture.config;
import static io.millrace.broker.log.LogFixture.open;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.junit.jupiter.api.Test;

class TimeLookupTest {
    private final MemoryLogStore store = new MemoryLogStore();

    @Test
    void the_first_record_at_or_after_a_time_is_found_in_the_middle_of_a_batch() throws IOException {
        PartitionLog log = open(store, config(400));
        for (int i = 0; i < 30; i++) {
            append(log, batch(NOW_MS + i * 10, "a", "b", "c"), 7);
        }

        assertThat(log.firstAtOrAfter(NOW_MS + 141, 90)).contains(new TimestampedOffset(43, NOW_MS + 141, 7));
        assertThat(log.firstAtOrAfter(NOW_MS + 143, 90)).contains(new TimestampedOffset(45, NOW_MS + 150, 7));
        assertThat(log.firstAtOrAfter(0, 90)).contains(new TimestampedOffset(0, NOW_MS, 7));
        assertThat(log.firstAtOrAfter(NOW_MS + 293, 90)).isEmpty();
    }

    @Test
    void compressed_records_are_looked_into() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        append(log, MemoryRecords.withRecords(Compression.zstd().build(), LogFixture.records(NOW_MS, "a", "b", "c",
                "d")));

        assertThat(log.firstAtOrAfter(NOW_MS + 2, 4)).contains(new TimestampedOffset(2, NOW_MS + 2, 0));
    }

    @Test
    void what_unpacks_to_much_is_looked_through_without_room_for_it() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        append(log, batch(NOW_MS - 10, "before"));
        append(log, zeros(NOW_MS, 60 << 20));
        append(log, batch(NOW_MS + 10, "behind"));
        long before = allocatedBytes();

        assertThat(log.firstAtOrAfter(NOW_MS + 1, 4)).contains(new TimestampedOffset(2, NOW_MS + 1, 0));
        assertThat(log.maxTimestamp(3)).contains(new TimestampedOffset(2, NOW_MS + 1, 0));

        assertThat(allocatedBytes() - before).isLessThan(4 << 20);
    }

    @Test
    void what_unpacks_to_more_than_a_hundred_times_its_size_is_refused_once_it_is_large() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        MemoryRecords bomb = zeros(NOW_MS, 70 << 20);
        long before = allocatedBytes();

        AppendResult result = log.appendAsLeader(bomb, 0, NOW_MS);

        assertThat(((AppendResult.Refused) result).error()).isEqualTo(Errors.MESSAGE_TOO_LARGE);
        assertThat(log.logEndOffset()).isZero();
        assertThat(allocatedBytes() - before).isLessThan(4 << 20);
    }

    @Test
    void whoever_unpacks_much_gives_others_their_turn() throws IOException {
        var turns = new AtomicInteger();
        var buffers = new DecompressionBuffers(turns::incrementAndGet);
        PartitionLog log = PartitionLog.open(store, config(1 << 20), new LogSettings(buffers,
                LogFixture.PRODUCER_EXPIRATION_MS, LogFixture.KEY_LIMITS, _ -> {}), LogOpening.UNKNOWN, NOW_MS);

        append(log, zeros(NOW_MS, 1 << 19));
        assertThat(turns).hasValue(0);
        append(log, zeros(NOW_MS, 10 << 20));

        assertThat(turns).hasValueBetween(8, 12);
        assertThat(buffers.large().availablePermits()).isEqualTo(DecompressionBuffers.MAX_LARGE);
    }

    /** A long record that is short in the log, and another one behind it. */
    private static MemoryRecords zeros(long timestampMs, int valueBytes) {
        return MemoryRecords.withRecords(Compression.zstd().build(), new SimpleRecord(timestampMs, null,
                new byte[valueBytes]), new SimpleRecord(timestampMs + 1, null, new byte[]{1}));
    }

    private static long allocatedBytes() {
        return ((com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
    }

    @Test
    void timestamps_out_of_order_still_find_the_first_offset() throws IOException {
        PartitionLog log = open(store, config(400));
        long[] timestamps = {50, 10, 80, 20, 30, 90, 5, 60, 85, 95, 1, 70};
        for (long timestamp : timestamps) {
            append(log, batch(NOW_MS + timestamp, "value-of-some-length"));
        }

        for (long target = 0; target <= 96; target++) {
            assertThat(log.firstAtOrAfter(NOW_MS + target, 12).map(TimestampedOffset::offset)).as("target %d", target)
                    .isEqualTo(firstAtOrAfter(timestamps, target));
        }
    }

    private static Optional<Long> firstAtOrAfter(long[] timestamps, long target) {
        for (int i = 0; i < timestamps.length; i++) {
            if (timestamps[i] >= target) {
                return Optional.of((long) i);
            }
        }
        return Optional.empty();
    }

    @Test
    void a_record_at_or_above_the_upper_bound_is_not_found() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        append(log, batch(NOW_MS, "a"));
        append(log, batch(NOW_MS + 10, "b"));

        assertThat(log.firstAtOrAfter(NOW_MS + 5, 1)).isEmpty();
        assertThat(log.firstAtOrAfter(NOW_MS + 5, 2)).isPresent();
    }

    @Test
    void records_before_the_log_start_are_not_found() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        append(log, batch(NOW_MS, "a", "b", "c"));
        log.deleteRecordsBefore(2);

        assertThat(log.firstAtOrAfter(NOW_MS, 3)).contains(new TimestampedOffset(2, NOW_MS + 2, 0));
        assertThat(log.earliest()).isEqualTo(new TimestampedOffset(2, -1, 0));
    }

    @Test
    void the_first_of_the_newest_records_has_the_max_timestamp() throws IOException {
        PartitionLog log = open(store, config(400));
        append(log, batch(NOW_MS + 5, "a"));
        append(log, batch(NOW_MS + 90, "b", "c"));
        for (int i = 0; i < 20; i++) {
            append(log, batch(NOW_MS + i, "filler"));
        }
        append(log, batch(NOW_MS + 91, "as new, but later"));

        assertThat(log.maxTimestamp(log.logEndOffset())).contains(new TimestampedOffset(2, NOW_MS + 91, 0));
        assertThat(log.maxTimestamp(2)).contains(new TimestampedOffset(1, NOW_MS + 90, 0));
        assertThat(open(new MemoryLogStore(), config(400)).maxTimestamp(0)).isEmpty();
    }

    @Test
    void the_ends_of_the_log_have_offsets_and_epochs_but_no_time() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        append(log, batch("a"), 1);
        append(log, batch("b"), 4);

        assertThat(log.earliest()).isEqualTo(new TimestampedOffset(0, -1, 1));
        assertThat(log.latest(2)).isEqualTo(new TimestampedOffset(2, -1, 4));
        assertThat(log.latest(1)).isEqualTo(new TimestampedOffset(1, -1, 4));
    }

    @Test
    void log_append_time_is_what_look_ups_see() throws IOException {
        PartitionLog log = open(store, LogFixture.withTimestamps(TimestampType.LOG_APPEND_TIME, Long.MAX_VALUE, 0));

        AppendResult result = log.appendAsLeader(batch(5, "a", "b"), 0, NOW_MS);

        assertThat(result).isEqualTo(new AppendResult.Appended(0, 1, NOW_MS, 0));
        assertThat(LogFixture.read(log, 0)).allSatisfy(record -> assertThat(record.timestamp()).isEqualTo(NOW_MS));
        assertThat(log.firstAtOrAfter(NOW_MS, 2)).contains(new TimestampedOffset(0, NOW_MS, 0));
        assertThat(log.firstAtOrAfter(NOW_MS + 1, 2)).isEmpty();
    }
}
