package io.millrace.broker.log;

import static io.millrace.broker.log.LogFixture.NOW_MS;
import static io.millrace.broker.log.LogFixture.append;
import static io.millrace.broker.log.LogFixture.clean;
import static io.millrace.broker.log.LogFixture.config;
import static io.millrace.broker.log.LogFixture.idempotent;
import static io.millrace.broker.log.LogFixture.open;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.broker.log.AppendResult.Appended;
import io.millrace.broker.log.AppendResult.Duplicate;
import io.millrace.broker.log.AppendResult.Refused;
import io.millrace.broker.log.ProducerEntry.WrittenBatch;
import io.millrace.common.record.RequestKey;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RequestKeysTest {
    private static final long RETENTION_MS = LogFixture.KEY_LIMITS.retentionMs();
    private static final int CHECKSUM = 0x6ea1b2c3;

    private final MemoryLogStore store = new MemoryLogStore();

    @Test
    void a_request_that_comes_again_is_stored_once_and_answered_with_its_first_offsets() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        append(log, keyed("a", "1", "2"));
        append(log, keyed("b", "3"));

        assertThat(send(log, keyed("a", "1", "2"))).isEqualTo(new Duplicate(0, 1, -1, 0));
        assertThat(send(log, keyed("b", "3"))).isEqualTo(new Duplicate(2, 2, -1, 0));
        assertThat(log.logEndOffset()).isEqualTo(3);
    }

    @Test
    void another_request_under_the_same_key_is_refused() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        append(log, keyed("a", "1", "2"));

        assertThat(error(send(log, idempotent(id("a"), 0, CHECKSUM + 1, "1", "3")))).isEqualTo(
                Errors.OUT_OF_ORDER_SEQUENCE_NUMBER);
        assertThat(error(send(log, keyed("a", "1")))).isEqualTo(Errors.OUT_OF_ORDER_SEQUENCE_NUMBER);
        // Where an ordinary producer would go on.
        assertThat(error(send(log, idempotent(id("a"), 0, CHECKSUM + 2, "4")))).isEqualTo(
                Errors.OUT_OF_ORDER_SEQUENCE_NUMBER);
        assertThat(error(send(log, idempotent(id("a"), 1, 0, "4")))).isEqualTo(Errors.INVALID_PRODUCER_EPOCH);
    }

    @Test
    void a_request_that_is_stored_is_a_duplicate_though_the_topic_would_not_take_it_any_more() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        append(log, keyed("a", "1", "x".repeat(200)));

        log.updateConfig(LogFixture.withTimestamps(TimestampType.CREATE_TIME, 0, 0));
        var late = log.appendAsLeader(keyed("a", "1", "x".repeat(200)), 0, NOW_MS + 60_000);
        var other = log.appendAsLeader(keyed("b", "1"), 0, NOW_MS + 60_000);
        log.updateConfig(LogFixture.withMaxMessageBytes(100));
        var large = send(log, keyed("a", "1", "x".repeat(200)));
        var otherLarge = send(log, keyed("a", "2", "x".repeat(200), "3"));
        log.updateConfig(config(100));
        var longerThanSegment = send(log, keyed("a", "1", "x".repeat(200)));
        var damaged = keyed("a", "1", "x".repeat(200));
        log.updateConfig(LogFixture.withMaxMessageBytes(100));
        damaged.buffer().put(damaged.sizeInBytes() - 1, (byte) 7);

        assertThat(List.of(late, large, longerThanSegment)).containsOnly(new Duplicate(0, 1, -1, 0));
        assertThat(error(other)).isEqualTo(Errors.INVALID_TIMESTAMP);
        assertThat(error(otherLarge)).isEqualTo(Errors.MESSAGE_TOO_LARGE);
        assertThat(error(send(log, damaged))).isEqualTo(Errors.MESSAGE_TOO_LARGE);
        assertThat(log.logEndOffset()).isEqualTo(2);
    }

    @Test
    void keys_survive_an_orderly_restart() throws IOException {
        PartitionLog log = hundredRequests();
        log.close();

        assertKnowsHundred(open(store.copy(), config(300), clean(log)));
    }

    @Test
    void keys_survive_a_crash() throws IOException {
        hundredRequests();

        assertKnowsHundred(open(store.copy(), config(300)));
    }

    @Test
    void keys_survive_a_crash_that_damaged_the_newest_snapshots() throws IOException {
        hundredRequests();
        MemoryLogStore damaged = store.copy();
        for (String name : damaged.list()) {
            if (name.endsWith(FileNames.SNAPSHOT)) {
                byte[] content = damaged.content(name);
                content[content.length - 1] ^= 1;
                damaged.setContent(name, content);
            }
        }

        assertKnowsHundred(open(damaged, config(300)));
    }

    @Test
    void a_truncation_forgets_the_requests_it_removes_and_no_others() throws IOException {
        PartitionLog log = hundredRequests();

        log.truncateTo(50, NOW_MS);

        for (int i = 0; i < 50; i++) {
            assertThat(send(log, keyed("key " + i, "value " + i))).isEqualTo(new Duplicate(i, i, -1, 0));
        }
        for (int i = 50; i < 100; i++) {
            assertThat(send(log, keyed("key " + i, "value " + i))).isEqualTo(new Appended(i, i, -1, 0));
        }
    }

    @Test
    void keys_survive_the_deletion_of_their_records_and_a_restart_after_it() throws IOException {
        PartitionLog log = hundredRequests();
        log.deleteRecordsBefore(100);
        assertThat(log.applyRetention(NOW_MS)).isPositive();
        assertThat(log.segmentCount()).isOne();

        long start = log.logStartOffset();
        for (int i = 0; i < 100; i++) {
            assertThat(send(log, keyed("key " + i, "value " + i))).isEqualTo(new Duplicate(i, i, -1, start));
        }
        PartitionLog reopened = open(store.copy(), config(300));
        for (int i = 0; i < 100; i++) {
            assertThat(send(reopened, keyed("key " + i, "value " + i))).isInstanceOf(Duplicate.class);
        }
    }

    @Test
    void a_replica_that_copied_the_log_knows_its_keys() throws IOException {
        PartitionLog leader = hundredRequests();
        PartitionLog follower = open(new MemoryLogStore(), config(300));
        while (follower.logEndOffset() < leader.logEndOffset()) {
            follower.appendAsFollower(TruncationTest.fetched(leader, follower.logEndOffset()), 0, NOW_MS);
        }

        assertKnowsHundred(follower);
    }

    @Test
    void a_key_is_free_again_when_its_retention_is_over() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        append(log, keyed("a", "1"));

        assertThat(error(log.appendAsLeader(keyed("a", "1", "2"), 0, NOW_MS + RETENTION_MS - 1))).isEqualTo(
                Errors.OUT_OF_ORDER_SEQUENCE_NUMBER);
        assertThat(log.appendAsLeader(keyed("a", "1", "2"), 0, NOW_MS + RETENTION_MS)).isEqualTo(new Appended(1, 2, -1,
                0));
        assertThat(log.appendAsLeader(keyed("a", "1", "2"), 0, NOW_MS + RETENTION_MS)).isEqualTo(new Duplicate(1, 2, -1,
                0));
    }

    @Test
    void a_log_that_is_read_again_remembers_only_the_keys_of_the_retention() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        append(log, keyed("old", "1"));
        long laterMs = NOW_MS + RETENTION_MS;
        log.appendAsLeader(keyedAt(laterMs, "young", "2"), 0, laterMs);

        PartitionLog reopened = PartitionLog.open(store.copy(), config(1 << 20), LogFixture.SETTINGS,
                LogOpening.UNKNOWN, laterMs);

        assertThat(reopened.appendAsLeader(keyedAt(laterMs, "young", "2"), 0, laterMs)).isInstanceOf(Duplicate.class);
        assertThat(reopened.appendAsLeader(keyed("old", "1"), 0, laterMs)).isInstanceOf(Appended.class);
    }

    @Test
    void a_leader_takes_no_key_beyond_the_limit_until_the_oldest_are_forgotten() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        for (int i = 0; i < LogFixture.KEY_LIMITS.maxPerPartition(); i++) {
            append(log, keyed("key " + i, "value"));
        }

        assertThat(error(send(log, keyed("one more", "value")))).isEqualTo(Errors.THROTTLING_QUOTA_EXCEEDED);
        assertThat(send(log, keyed("key 0", "value"))).isEqualTo(new Duplicate(0, 0, -1, 0));
        assertThat(send(log, idempotent(4711, 0, 0, "a producer"))).isInstanceOf(Appended.class);
        assertThat(log.appendAsLeader(keyed("one more", "value"), 0, NOW_MS + RETENTION_MS)).isInstanceOf(
                Appended.class);
    }

    @Test
    void a_leader_takes_no_further_key_while_the_brokers_memory_for_keys_is_used_up() throws IOException {
        var memory = new KeyMemory(2000, 1);
        var settings = new LogSettings(new DecompressionBuffers(), LogFixture.PRODUCER_EXPIRATION_MS, new KeyLimits(
                RETENTION_MS, 1000, memory), _ -> {});
        PartitionLog log = PartitionLog.open(store, config(1 << 20), settings, LogOpening.UNKNOWN, NOW_MS);
        PartitionLog other = PartitionLog.open(new MemoryLogStore(), config(1 << 20), settings, LogOpening.UNKNOWN,
                NOW_MS);
        for (int i = 0; i < 64; i++) {
            append(log, keyed("key " + i, "value"));
        }

        assertThat(error(send(log, keyed("one more", "value")))).isEqualTo(Errors.THROTTLING_QUOTA_EXCEEDED);
        assertThat(error(send(other, keyed("one more", "value")))).isEqualTo(Errors.THROTTLING_QUOTA_EXCEEDED);
        log.close();
        assertThat(memory.usedBytes()).isZero();
        assertThat(send(other, keyed("one more", "value"))).isInstanceOf(Appended.class);
    }

    @Test
    void beyond_the_limit_a_log_that_is_read_again_remembers_the_newest() throws IOException {
        PartitionLog log = hundredRequests();
        log.close();

        PartitionLog reopened = PartitionLog.open(store.copy(), config(300), new LogSettings(new DecompressionBuffers(),
                LogFixture.PRODUCER_EXPIRATION_MS, new KeyLimits(RETENTION_MS, 10, new KeyMemory(1 << 27, 1)), _ -> {}),
                LogOpening.UNKNOWN,
                NOW_MS);

        assertThat(send(reopened, keyed("key 90", "value 90"))).isEqualTo(new Duplicate(90, 90, -1, 0));
        assertThat(error(send(reopened, keyed("key 89", "value 89")))).isEqualTo(Errors.THROTTLING_QUOTA_EXCEEDED);
    }

    @Test
    void a_key_takes_at_most_80_bytes_and_gives_them_back() {
        var keys = new RequestKeys(new KeyLimits(RETENTION_MS, 1_000_000, new KeyMemory(1 << 27, 1)));
        for (int i = 0; i < 600_000; i++) {
            keys.note(id("key " + i), new WrittenBatch(i, i, 0, NOW_MS), NOW_MS + i / 1000, NOW_MS + i / 1000);
        }
        assertThat(keys.size()).isEqualTo(600_000);
        assertThat(keys.capacityBytes() / keys.size()).isBetween(32, 80);

        int calls = 0;
        boolean more = true;
        while (more) {
            int before = keys.size();
            more = keys.forgetBefore(NOW_MS + 590 + RETENTION_MS);
            assertThat(before - keys.size()).as("an append waits for as much").isLessThanOrEqualTo(10_000);
            calls++;
        }

        assertThat(calls).isGreaterThan(50);
        assertThat(keys.size()).isEqualTo(9_000);
        assertThat(keys.capacityBytes() / keys.size()).isLessThanOrEqualTo(160);
    }

    @Test
    void a_key_whose_time_is_over_is_taken_again_though_it_was_not_forgotten_yet() throws IOException {
        var settings = new LogSettings(new DecompressionBuffers(), LogFixture.PRODUCER_EXPIRATION_MS, new KeyLimits(
                RETENTION_MS, 100_000, new KeyMemory(1 << 27, 1)), _ -> {});
        PartitionLog log = PartitionLog.open(store, config(1 << 20), settings, LogOpening.UNKNOWN, NOW_MS);
        for (int i = 0; i < 10_001; i++) {
            append(log, keyed("key " + i, "value"));
        }

        var again = log.appendAsLeader(idempotent(id("key 10000"), RequestKey.PRODUCER_EPOCH, CHECKSUM + 1, "other"), 0,
                NOW_MS + RETENTION_MS);

        assertThat(again).isInstanceOf(Appended.class);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void ids_that_were_chosen_to_meet_are_scattered(long seed) {
        var memory = new KeyMemory(1 << 27, new Random(seed).nextLong());
        Set<Integer> folded = new HashSet<>();
        Set<Integer> high = new HashSet<>();
        Set<Integer> multiples = new HashSet<>();
        int mask = (1 << 14) - 1;
        for (long i = 0; i < 1 << 13; i++) {
            folded.add(memory.hash(RequestKey.FIRST_PRODUCER_ID + (i << 32 | i)) & mask);
            high.add(memory.hash(RequestKey.FIRST_PRODUCER_ID + (i << 48)) & mask);
            multiples.add(memory.hash(RequestKey.FIRST_PRODUCER_ID + (i << 14)) & mask);
        }

        // Of 8192 in 16384 places at random, 6446 are expected to be different.
        assertThat(List.of(folded.size(), high.size(), multiples.size())).allMatch(slots -> slots > 5500);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void keys_survive_the_deletion_of_their_records_and_a_crash_of_the_machine_after_it(long seed) throws IOException {
        PartitionLog log = hundredRequests();
        log.flush(50);
        log.deleteRecordsBefore(50);
        assertThat(log.applyRetention(NOW_MS)).isPositive();
        long first = log.logStartOffset();

        PartitionLog after = open(store.crash(new Random(seed)), config(300));

        assertThat(after.logStartOffset()).isLessThanOrEqualTo(first);
        for (int i = 0; i < 45; i++) {
            assertThat(send(after, keyed("key " + i, "value " + i))).as("key %d", i).isEqualTo(new Duplicate(i, i, -1,
                    after.logStartOffset()));
        }
    }

    @Test
    void a_log_that_cannot_be_opened_keeps_no_memory_for_keys() throws IOException {
        PartitionLog log = hundredRequests();
        log.close();
        MemoryLogStore closed = store.copy();
        closed.deleteIfExists(FileNames.of(100, FileNames.SNAPSHOT));
        var memory = new KeyMemory(1 << 27, 1);
        var settings = new LogSettings(new DecompressionBuffers(), LogFixture.PRODUCER_EXPIRATION_MS, new KeyLimits(
                RETENTION_MS, 1000, memory), _ -> {});

        int reads = 0;
        boolean isOpened = false;
        while (!isOpened) {
            try {
                PartitionLog.open(failingAfter(reads++, closed), config(300), settings, clean(log), NOW_MS).abandon();
                isOpened = true;
            } catch (IOException e) {
                assertThat(memory.usedBytes()).as("after %d reads", reads).isZero();
            }
        }
        assertThat(reads).isGreaterThan(1);
    }

    /** A store whose files cannot be read any more after so many reads. */
    private static LogStore failingAfter(int reads, LogStore of) {
        var left = new AtomicInteger(reads);
        return proxy(LogStore.class, of, (method, result) -> method.equals("open") ? proxy(LogFile.class, result, (
                called, value) -> {
            if (called.equals("read") && left.getAndDecrement() <= 0) {
                throw new IOException("the disk is gone");
            }
            return value;
        }) : result);
    }

    private interface Interception {
        Object on(String method, Object result) throws IOException;
    }

    private static <T> T proxy(Class<T> type, Object of, Interception interception) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[]{type}, (_, method, arguments) -> {
            try {
                return interception.on(method.getName(), method.invoke(of, arguments));
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        }));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void it_knows_what_a_map_would_know(long seed) {
        var random = new Random(seed);
        int most = 1 + random.nextInt(300);
        var keys = new RequestKeys(new KeyLimits(1000, most, new KeyMemory(1 << 27, 1)));
        Map<Long, WrittenBatch> model = new HashMap<>();
        Deque<Long> order = new ArrayDeque<>();
        Map<Long, Long> storedMs = new HashMap<>();
        long nowMs = 0;
        for (int step = 0; step < 20_000; step++) {
            nowMs += random.nextInt(12);
            long id = RequestKey.FIRST_PRODUCER_ID + random.nextInt(2000) * (random.nextInt(2) * 0x100000001L + 1);
            if (random.nextInt(10) == 0) {
                keys.forgetBefore(nowMs);
            }
            while (!order.isEmpty() && nowMs - storedMs.get(order.getFirst()) >= 1000) {
                long oldest = order.removeFirst();
                model.remove(oldest);
                storedMs.remove(oldest);
            }
            if (!model.containsKey(id)) {
                keys.forgetBefore(nowMs);
                if (model.size() < most) {
                    var batch = new WrittenBatch(step + 2, 10L * step, 2, nowMs);
                    keys.note(id, batch, nowMs, nowMs);
                    model.put(id, batch);
                    storedMs.put(id, nowMs);
                    order.addLast(id);
                }
            }
            assertThat(keys.size()).isGreaterThanOrEqualTo(model.size());
            if (step % 97 == 0) {
                keys.forgetBefore(nowMs);
                Map<Long, WrittenBatch> known = new HashMap<>();
                keys.forEach(known::put);
                assertThat(known).as("seed %d, step %d", seed, step).isEqualTo(model);
            }
        }
    }

    @Test
    void the_ids_of_keys_are_none_that_producers_get() {
        for (int i = 0; i < 1000; i++) {
            RequestKey key = RequestKey.of(new Uuid(7, 9), "key " + i);
            assertThat(key.producerId()).isBetween(1L << 62, Long.MAX_VALUE);
            assertThat(key.placement()).isNotNegative();
        }
        assertThat(RequestKey.of(new Uuid(7, 9), "a")).isEqualTo(RequestKey.of(new Uuid(7, 9), "a"))
                .isNotEqualTo(RequestKey.of(new Uuid(7, 8), "a")).isNotEqualTo(RequestKey.of(new Uuid(7, 9), "b"));
    }

    private PartitionLog hundredRequests() throws IOException {
        PartitionLog log = open(store, config(300));
        for (int i = 0; i < 100; i++) {
            append(log, keyed("key " + i, "value " + i));
        }
        assertThat(log.segmentCount()).isGreaterThan(20);
        return log;
    }

    private static void assertKnowsHundred(PartitionLog log) {
        for (int i = 0; i < 100; i++) {
            assertThat(send(log, keyed("key " + i, "value " + i))).isEqualTo(new Duplicate(i, i, -1, 0));
        }
        assertThat(send(log, keyed("another", "value"))).isEqualTo(new Appended(100, 100, -1, 0));
    }

    private static MemoryRecords keyed(String key, String... values) {
        return idempotent(id(key), RequestKey.PRODUCER_EPOCH, CHECKSUM, values);
    }

    private static MemoryRecords keyedAt(long timestampMs, String key, String... values) {
        return MemoryRecords.withIdempotentRecords(Compression.NONE, id(key),
                RequestKey.PRODUCER_EPOCH, CHECKSUM, LogFixture.records(timestampMs, values));
    }

    private static long id(String key) {
        return RequestKey.of(new Uuid(1, 2), key).producerId();
    }

    private static AppendResult send(PartitionLog log, MemoryRecords records) {
        return log.appendAsLeader(records, 0, NOW_MS);
    }

    private static Errors error(AppendResult result) {
        assertThat(result).isInstanceOf(Refused.class);
        return ((Refused) result).error();
    }
}
