package io.millrace.broker.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.broker.log.AppendResult.Appended;
import io.millrace.broker.log.AppendResult.Duplicate;
import io.millrace.common.metadata.TopicConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.errors.KafkaStorageException;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.SimpleRecord;

/**
 * One log under appends, rolls, flushes, truncations, retention, restarts and crashes that lose what was not flushed, beside a model that knows
 * what must be there. The crash may come in the middle of an operation.
 */
final class LogSimulation {
    private static final int PRODUCERS = 3;
    private static final int LARGEST_BATCH = 5;
    private static final List<Compression> CODECS = List.of(Compression.NONE, Compression.NONE, Compression.NONE,
            Compression.lz4().build());

    /** A record as it must be read again. */
    record Expected(String value, long timestampMs, int leaderEpoch) {}

    /** A batch of an idempotent producer, to be sent again. */
    record Sent(short epoch, int baseSequence, int count, long baseOffset) {
        long lastOffset() {
            return baseOffset + count - 1;
        }
    }

    private final Random random;
    private final TopicConfig config;
    private final TreeMap<Long, Expected> model = new TreeMap<>();
    private final Map<Integer, List<Sent>> sent = new HashMap<>();
    private MemoryLogStore store = new MemoryLogStore();
    private PartitionLog log;
    private LogOpening checkpoint = LogOpening.UNKNOWN;
    /** What the operation under way may have added or removed when a crash cuts it short. */
    private final TreeMap<Long, Expected> pending = new TreeMap<>();
    private long durableUpTo;
    private long nowMs = LogFixture.NOW_MS;
    private int leaderEpoch;
    private int values;

    LogSimulation(long seed) {
        random = new Random(seed);
        config = LogFixture.config(400 + random.nextInt(2000), 50_000, 100_000, random.nextBoolean() ? -1 : 8_000);
    }

    void run(int steps) throws IOException {
        log = open(checkpoint);
        for (int step = 0; step < steps; step++) {
            nowMs += random.nextInt(500);
            if (random.nextInt(40) == 0) {
                store.failAfter(random.nextInt(12));
            }
            try {
                step();
            } catch (KafkaStorageException e) {
                crash();
            }
            checkEnds();
        }
        crash();
    }

    private void step() throws IOException {
        switch (random.nextInt(20)) {
            case 0, 1, 2, 3, 4 -> append();
            case 5, 6, 7 -> appendIdempotent();
            case 8 -> log.roll(nowMs);
            case 9 -> flush();
            case 10 -> writeCheckpoint();
            case 11, 12 -> checkRead();
            case 13 -> checkTimes();
            case 14 -> log.advanceHighWatermark(random.nextLong(log.logEndOffset() + 1));
            case 15 -> applyRetention();
            case 16 -> deleteRecords();
            case 17 -> truncate();
            case 18 -> leaderEpoch++;
            case 19 -> restart();
            default -> throw new IllegalStateException();
        }
    }

    private PartitionLog open(LogOpening opening) throws IOException {
        return PartitionLog.open(store, config, LogFixture.SETTINGS, opening, nowMs);
    }

    private void append() {
        SimpleRecord[] records = records(1 + random.nextInt(LARGEST_BATCH));
        Appended appended = (Appended) log.appendAsLeader(MemoryRecords.withRecords(codec(), records), leaderEpoch,
                nowMs);
        assertThat(appended.baseOffset()).isEqualTo(pending.firstKey());
        commitPending();
    }

    private void appendIdempotent() {
        int producer = random.nextInt(PRODUCERS);
        List<Sent> history = sent.computeIfAbsent(producer, _ -> new ArrayList<>());
        short epoch = history.isEmpty() ? 0 : history.getLast().epoch();
        int sequence = history.isEmpty() ? 0 : history.getLast().baseSequence() + history.getLast().count();
        if (random.nextInt(10) == 0) {
            epoch++;
            sequence = 0;
        }
        SimpleRecord[] records = records(1 + random.nextInt(4));
        MemoryRecords batch = MemoryRecords.withIdempotentRecords(codec(), producer, epoch, sequence, records);
        long baseOffset = log.logEndOffset();
        Sent next = new Sent(epoch, sequence, records.length, baseOffset);
        history.add(next);
        assertThat(log.appendAsLeader(batch, leaderEpoch, nowMs))
                .isEqualTo(new Appended(baseOffset, baseOffset + records.length - 1, -1, log.logStartOffset()));
        commitPending();
    }

    private SimpleRecord[] records(int count) {
        SimpleRecord[] records = new SimpleRecord[count];
        pending.clear();
        for (int i = 0; i < count; i++) {
            String value = "v" + values++ + "x".repeat(random.nextInt(60));
            long timestampMs = nowMs - random.nextInt(2_000);
            records[i] = new SimpleRecord(timestampMs, null, value.getBytes(StandardCharsets.UTF_8));
            pending.put(log.logEndOffset() + i, new Expected(value, timestampMs, leaderEpoch));
        }
        return records;
    }

    private Compression codec() {
        return CODECS.get(random.nextInt(CODECS.size()));
    }

    private void commitPending() {
        model.putAll(pending);
        pending.clear();
    }

    private void flush() {
        long upTo = random.nextLong(log.logEndOffset() + 1);
        log.flush(upTo);
        durableUpTo = Math.max(durableUpTo, log.recoveryPoint());
    }

    private void writeCheckpoint() {
        checkpoint = new LogOpening(false, log.recoveryPoint(), log.logStartOffset(), log.highWatermark());
    }

    private void applyRetention() {
        log.applyRetention(nowMs);
        model.headMap(log.logStartOffset()).clear();
        log.purgeDeleted(nowMs);
    }

    private void deleteRecords() {
        long offset = random.nextLong(log.highWatermark() + 1);
        assertThat(log.deleteRecordsBefore(offset)).isTrue();
        model.headMap(log.logStartOffset()).clear();
    }

    private void truncate() {
        if (log.logEndOffset() == log.logStartOffset()) {
            return;
        }
        long offset = random.nextLong(log.logStartOffset(), log.logEndOffset() + 1);
        long durableBefore = durableUpTo;
        // A crash that finds no segment left has only the written-down log start to begin at.
        durableUpTo = offset == log.logStartOffset() ? 0 : Math.min(durableUpTo, offset - LARGEST_BATCH);
        pending.clear();
        log.truncateTo(offset, nowMs);
        durableUpTo = Math.min(durableBefore, log.logEndOffset());
        assertThat(log.logEndOffset()).isLessThanOrEqualTo(offset);
        forgetAfterEnd();
        writeCheckpoint();
    }

    private void forgetAfterEnd() {
        model.tailMap(log.logEndOffset(), true).clear();
        sent.values().forEach(history -> history.removeIf(batch -> batch.lastOffset() >= log.logEndOffset()));
        durableUpTo = Math.min(durableUpTo, log.logEndOffset());
        leaderEpoch = Math.max(leaderEpoch, log.latestLeaderEpoch());
    }

    private void restart() throws IOException {
        log.close();
        durableUpTo = log.logEndOffset();
        long start = log.logStartOffset();
        long end = log.logEndOffset();
        LogOpening opening = LogFixture.clean(log);
        store = store.copy();
        log = open(opening);
        assertThat(log.logEndOffset()).isEqualTo(end);
        assertThat(log.logStartOffset()).isEqualTo(start);
        writeCheckpoint();
        checkAll();
        checkDuplicates();
    }

    private void crash() throws IOException {
        store = store.crash(random);
        log = open(checkpoint);
        assertThat(log.logEndOffset()).as("flushed records survive").isGreaterThanOrEqualTo(durableUpTo);
        long modelEnd = model.isEmpty() ? log.logEndOffset() : model.lastKey() + 1;
        pending.headMap(modelEnd).clear();
        model.putAll(pending);
        pending.clear();
        forgetAfterEnd();
        model.headMap(log.logStartOffset()).clear();
        // Deleted records may be back when their segments were and the log start was not written down: they are gone for the model.
        if (!model.isEmpty() && model.firstKey() > log.logStartOffset()) {
            log.advanceHighWatermark(log.logEndOffset());
            log.deleteRecordsBefore(model.firstKey());
        } else if (model.isEmpty()) {
            log.advanceHighWatermark(log.logEndOffset());
            log.deleteRecordsBefore(log.logEndOffset());
        }
        durableUpTo = log.recoveryPoint();
        writeCheckpoint();
        checkAll();
        checkDuplicates();
    }

    private void checkEnds() {
        assertThat(log.logStartOffset()).isLessThanOrEqualTo(log.highWatermark());
        assertThat(log.highWatermark()).isLessThanOrEqualTo(log.logEndOffset());
        assertThat(log.recoveryPoint()).isLessThanOrEqualTo(log.logEndOffset());
        assertThat(log.logEndOffset() - log.logStartOffset()).as("no gaps").isEqualTo(model.size());
        assertThat(model.isEmpty() || model.lastKey() + 1 == log.logEndOffset()).as("same end").isTrue();
    }

    private void checkAll() {
        List<Record> records = LogFixture.read(log, log.logStartOffset());
        assertThat(records).hasSize(model.size());
        for (Record record : records) {
            check(record);
        }
        if (!model.isEmpty()) {
            int first = model.firstEntry().getValue().leaderEpoch();
            for (int epoch = 0; epoch < first; epoch++) {
                assertThat(log.endOffsetForEpoch(epoch).endOffset()).as("end of epoch %d", epoch).isLessThanOrEqualTo(
                        model.firstKey());
            }
            for (int epoch = first; epoch <= leaderEpoch; epoch++) {
                assertThat(log.endOffsetForEpoch(epoch)).as("end of epoch %d", epoch).isEqualTo(expectedEnd(epoch));
            }
        }
    }

    private EpochEndOffset expectedEnd(int epoch) {
        int latest = model.lastEntry().getValue().leaderEpoch();
        if (epoch > latest) {
            return EpochEndOffset.UNKNOWN;
        }
        int floor = -1;
        for (Map.Entry<Long, Expected> entry : model.entrySet()) {
            if (entry.getValue().leaderEpoch() > epoch) {
                return new EpochEndOffset(floor < 0 ? epoch : floor, entry.getKey());
            }
            floor = entry.getValue().leaderEpoch();
        }
        return new EpochEndOffset(epoch, log.logEndOffset());
    }

    private void check(Record record) {
        Expected expected = model.get(record.offset());
        assertThat(expected).as("offset %d", record.offset()).isNotNull();
        assertThat(LogFixture.value(record)).isEqualTo(expected.value());
        assertThat(record.timestamp()).isEqualTo(expected.timestampMs());
    }

    private void checkRead() {
        long from = random.nextLong(log.logStartOffset(), log.logEndOffset() + 1);
        long bound = random.nextLong(log.logEndOffset() + 2);
        ReadResult.Data data = (ReadResult.Data) log.read(from, random.nextInt(2000), random.nextBoolean(), bound);
        for (Record record : data.records().records()) {
            assertThat(record.offset()).isLessThan(bound);
            if (record.offset() >= from) {
                check(record);
            }
        }
    }

    private void checkTimes() {
        long target = nowMs - random.nextInt(20_000);
        Optional<TimestampedOffset> expected = model.entrySet().stream().filter(entry -> entry.getValue()
                .timestampMs() >= target).findFirst()
                .map(LogSimulation::timestamped);
        assertThat(log.firstAtOrAfter(target, log.logEndOffset())).isEqualTo(expected);
        Optional<TimestampedOffset> newest = model.entrySet().stream()
                .reduce((a, b) -> b.getValue().timestampMs() > a.getValue().timestampMs() ? b : a).map(
                        LogSimulation::timestamped);
        assertThat(log.maxTimestamp(log.logEndOffset())).isEqualTo(newest);
    }

    private static TimestampedOffset timestamped(Map.Entry<Long, Expected> entry) {
        return new TimestampedOffset(entry.getKey(), entry.getValue().timestampMs(), entry.getValue().leaderEpoch());
    }

    /** Each of a producer's last five batches in its epoch is recognised, wherever the log was cut and opened again. */
    private void checkDuplicates() {
        sent.forEach((producer, history) -> {
            for (int i = Math.max(0, history.size() - ProducerEntry.WINDOW_BATCHES); i < history.size(); i++) {
                Sent batch = history.get(i);
                if (batch.epoch() == history.getLast().epoch() && batch.baseOffset() >= log.logStartOffset()) {
                    SimpleRecord[] again = LogFixture.records(nowMs, Collections.nCopies(batch.count(), "again")
                            .toArray(String[]::new));
                    MemoryRecords records = MemoryRecords.withIdempotentRecords(Compression.NONE, producer, batch
                            .epoch(), batch.baseSequence(),
                            again);
                    assertThat(log.appendAsLeader(records, leaderEpoch, nowMs)).as("batch %s of producer %d", batch,
                            producer)
                            .isEqualTo(new Duplicate(batch.baseOffset(), batch.lastOffset(), -1, log.logStartOffset()));
                }
            }
        });
    }
}
