package io.millrace.broker.log;

import static io.millrace.broker.log.LogFixture.NOW_MS;
import static io.millrace.broker.log.LogFixture.append;
import static io.millrace.broker.log.LogFixture.batch;
import static io.millrace.broker.log.LogFixture.config;
import static io.millrace.broker.log.LogFixture.open;
import static io.millrace.broker.log.LogFixture.values;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.apache.kafka.common.record.internal.Records;
import org.junit.jupiter.api.Test;

class RetentionTest {
    private static final long HOUR_MS = 3_600_000;

    private final MemoryLogStore store = new MemoryLogStore();

    @Test
    void segments_whose_newest_record_is_too_old_go() throws IOException {
        PartitionLog log = open(store, config(1 << 20, 604_800_000, HOUR_MS, -1));
        for (int i = 0; i < 4; i++) {
            append(log, batch(NOW_MS + i * 1000, "a" + i, "b" + i));
            log.roll(NOW_MS);
        }

        assertThat(log.applyRetention(NOW_MS + HOUR_MS + 1001)).isOne();
        assertThat(log.logStartOffset()).isEqualTo(2);
        assertThat(values(log)).startsWith("a1");
        assertThat(log.applyRetention(NOW_MS + HOUR_MS + 1001)).isZero();
    }

    @Test
    void a_log_goes_by_changed_settings_from_the_next_append_and_retention_on() throws IOException {
        int batchBytes = batch("value").sizeInBytes();
        PartitionLog log = open(store, config(1 << 20, 604_800_000, -1, -1));
        append(log, batch("value"));
        append(log, batch("value"));
        assertThat(log.segmentCount()).isOne();

        log.updateConfig(config(batchBytes, 604_800_000, -1, -1));
        append(log, batch("value"));
        append(log, batch("value"));
        assertThat(log.segmentCount()).isEqualTo(3);
        assertThat(log.applyRetention(NOW_MS + 2 * HOUR_MS)).isZero();

        log.updateConfig(config(batchBytes, 604_800_000, -1, batchBytes));
        assertThat(log.applyRetention(NOW_MS)).isEqualTo(2);
        log.updateConfig(config(batchBytes, 1, HOUR_MS, -1));
        assertThat(log.applyRetention(NOW_MS + 2 * HOUR_MS)).isOne();
        assertThat(log.logStartOffset()).isEqualTo(4);
    }

    @Test
    void the_growing_segment_goes_too_when_all_of_it_is_too_old() throws IOException {
        PartitionLog log = open(store, config(1 << 20, 604_800_000, HOUR_MS, -1));
        append(log, batch("a", "b", "c"));

        assertThat(log.applyRetention(NOW_MS + 2 * HOUR_MS)).isOne();

        assertThat(log.logStartOffset()).isEqualTo(3);
        assertThat(log.segmentCount()).isOne();
        assertThat(append(log, batch(NOW_MS, "d")).baseOffset()).isEqualTo(3);
        assertThat(open(store.copy(), config(1 << 20)).logEndOffset()).isEqualTo(4);
    }

    @Test
    void the_oldest_segments_beyond_the_size_go() throws IOException {
        int segmentBytes = batch("value").sizeInBytes();
        PartitionLog log = open(store, config(segmentBytes, 604_800_000, -1, segmentBytes * 3L));
        for (int i = 0; i < 10; i++) {
            append(log, batch("value"));
        }

        assertThat(log.applyRetention(NOW_MS)).isEqualTo(7);
        assertThat(log.sizeBytes()).isEqualTo(segmentBytes * 3L);
        assertThat(log.logStartOffset()).isEqualTo(7);
    }

    @Test
    void nothing_at_or_above_the_high_watermark_goes() throws IOException {
        PartitionLog log = open(store, config(1 << 20, 604_800_000, HOUR_MS, 0));
        for (int i = 0; i < 4; i++) {
            log.appendAsLeader(batch("v" + i), 0, NOW_MS);
            log.roll(NOW_MS);
        }
        log.advanceHighWatermark(2);

        assertThat(log.applyRetention(NOW_MS + 2 * HOUR_MS)).isEqualTo(2);
        assertThat(log.logStartOffset()).isEqualTo(2);
    }

    @Test
    void segments_before_the_log_start_go() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        for (int i = 0; i < 4; i++) {
            append(log, batch("a" + i, "b" + i));
            log.roll(NOW_MS);
        }

        log.deleteRecordsBefore(5);

        assertThat(log.applyRetention(NOW_MS)).isEqualTo(2);
        assertThat(log.logStartOffset()).isEqualTo(5);
        assertThat(values(log)).containsExactly("b2", "a3", "b3");
    }

    @Test
    void a_deleted_segment_stays_readable_for_who_holds_it_and_its_files_go_after_the_delay() throws IOException {
        PartitionLog log = open(store, config(1 << 20, 604_800_000, HOUR_MS, -1));
        append(log, batch("a"));
        Records held = ((ReadResult.Data) log.read(0, 1000, true, 1)).records();
        long deletedMs = NOW_MS + 2 * HOUR_MS;
        log.applyRetention(deletedMs);
        assertThat(store.list()).contains(FileNames.of(0, FileNames.LOG) + FileNames.DELETED);

        log.purgeDeleted(deletedMs + 59_999);
        assertThat(held.records()).hasSize(1);
        assertThat(store.list()).contains(FileNames.of(0, FileNames.LOG) + FileNames.DELETED);
        log.purgeDeleted(deletedMs + 60_000);
        assertThat(store.list()).noneMatch(name -> name.endsWith(FileNames.DELETED));
    }

    @Test
    void a_topic_that_is_only_compacted_keeps_everything() throws IOException {
        PartitionLog log = open(store, LogFixture.compacted());
        append(log, batch("a"));
        log.roll(NOW_MS);

        assertThat(log.applyRetention(Long.MAX_VALUE / 2)).isZero();
    }
}
