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
import java.io.IOException;
import java.nio.ByteBuffer;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.junit.jupiter.api.Test;

class IdempotentProducerTest {
    private static final long PRODUCER = 4711;

    private final MemoryLogStore store = new MemoryLogStore();

    @Test
    void each_of_the_last_five_batches_is_answered_with_its_first_offsets() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        for (int i = 0; i < 7; i++) {
            append(log, idempotent(PRODUCER, 0, i * 2, "a" + i, "b" + i));
        }

        for (int i = 2; i < 7; i++) {
            assertThat(send(log, idempotent(PRODUCER, 0, i * 2, "a" + i, "b" + i))).isEqualTo(new Duplicate(i * 2L, i
                    * 2L + 1, -1, 0));
        }
        assertThat(error(send(log, idempotent(PRODUCER, 0, 2, "a1", "b1")))).isEqualTo(
                Errors.OUT_OF_ORDER_SEQUENCE_NUMBER);
        assertThat(log.logEndOffset()).isEqualTo(14);
    }

    @Test
    void the_window_survives_an_orderly_restart() throws IOException {
        PartitionLog log = sevenBatches();
        log.close();

        PartitionLog reopened = open(store.copy(), config(300), clean(log));

        assertWindowOf(reopened);
    }

    @Test
    void the_window_survives_a_crash() throws IOException {
        sevenBatches();

        assertWindowOf(open(store.copy(), config(300)));
    }

    @Test
    void the_window_survives_a_crash_that_damaged_the_newest_snapshots() throws IOException {
        sevenBatches();
        MemoryLogStore damaged = store.copy();
        for (String name : damaged.list()) {
            if (name.endsWith(FileNames.SNAPSHOT)) {
                byte[] content = damaged.content(name);
                content[content.length - 1] ^= 1;
                damaged.setContent(name, content);
            }
        }

        assertWindowOf(open(damaged, config(300)));
    }

    private PartitionLog sevenBatches() throws IOException {
        PartitionLog log = open(store, config(300));
        for (int i = 0; i < 7; i++) {
            append(log, idempotent(PRODUCER, 0, i, "some value " + i));
        }
        assertThat(log.segmentCount()).isGreaterThan(2);
        return log;
    }

    private static void assertWindowOf(PartitionLog log) {
        for (int i = 2; i < 7; i++) {
            assertThat(send(log, idempotent(PRODUCER, 0, i, "some value " + i))).isEqualTo(new Duplicate(i, i, -1, 0));
        }
        assertThat(error(send(log, idempotent(PRODUCER, 0, 8, "too far")))).isEqualTo(
                Errors.OUT_OF_ORDER_SEQUENCE_NUMBER);
        assertThat(send(log, idempotent(PRODUCER, 0, 7, "next"))).isEqualTo(new Appended(7, 7, -1, 0));
    }

    @Test
    void a_gap_in_the_sequence_is_refused() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        append(log, idempotent(PRODUCER, 0, 0, "a"));

        assertThat(error(send(log, idempotent(PRODUCER, 0, 2, "c")))).isEqualTo(Errors.OUT_OF_ORDER_SEQUENCE_NUMBER);
        assertThat(log.logEndOffset()).isOne();
    }

    @Test
    void an_older_epoch_is_refused_and_a_newer_one_begins_at_zero() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        append(log, idempotent(PRODUCER, 3, 0, "a"));

        assertThat(error(send(log, idempotent(PRODUCER, 2, 1, "zombie")))).isEqualTo(Errors.INVALID_PRODUCER_EPOCH);
        assertThat(error(send(log, idempotent(PRODUCER, 4, 1, "not zero")))).isEqualTo(
                Errors.OUT_OF_ORDER_SEQUENCE_NUMBER);
        assertThat(send(log, idempotent(PRODUCER, 4, 0, "b"))).isInstanceOf(Appended.class);
        assertThat(error(send(log, idempotent(PRODUCER, 3, 1, "zombie")))).isEqualTo(Errors.INVALID_PRODUCER_EPOCH);
    }

    @Test
    void a_producer_that_has_written_nothing_yet_begins_at_zero() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        append(log, idempotent(PRODUCER + 1, 0, 0, "another's"));

        assertThat(error(send(log, idempotent(PRODUCER, 0, 1, "second")))).as("its first batch is on its way")
                .isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER);
        assertThat(send(log, idempotent(PRODUCER, 0, 0, "first"))).isInstanceOf(Appended.class);
        assertThat(send(log, idempotent(PRODUCER, 0, 1, "second"))).isInstanceOf(Appended.class);
    }

    @Test
    void a_producer_that_goes_on_from_a_deleted_topic_of_the_same_name_is_taken_once_nothing_else_came()
            throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        long patienceMs = ProducerStates.FIRST_BATCH_PATIENCE_MS;

        for (long afterMs : new long[]{0, 100, patienceMs - 1}) {
            assertThat(error(log.appendAsLeader(idempotent(PRODUCER, 0, 17, "a"), 0, NOW_MS + afterMs))).isEqualTo(
                    Errors.NOT_LEADER_OR_FOLLOWER);
        }
        assertThat(log.appendAsLeader(idempotent(PRODUCER, 0, 17, "a"), 0, NOW_MS + patienceMs)).isInstanceOf(
                Appended.class);
        assertThat(send(log, idempotent(PRODUCER, 0, 18, "b"))).isInstanceOf(Appended.class);
        assertThat(error(send(log, idempotent(PRODUCER, 0, 20, "d")))).isEqualTo(Errors.OUT_OF_ORDER_SEQUENCE_NUMBER);
    }

    @Test
    void who_is_held_off_is_not_forgotten_over_others_however_many_come() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        int count = ProducerStates.MAX_HELD_OFF;
        for (int i = 0; i < count; i++) {
            assertThat(error(midway(log, PRODUCER + i, 0))).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER);
        }

        assertThat(midway(log, PRODUCER + count, 1)).as("one more is taken as it comes").isInstanceOf(Appended.class);
        assertThat(midway(log, PRODUCER, ProducerStates.FIRST_BATCH_PATIENCE_MS)).isInstanceOf(Appended.class);
        assertThat(midway(log, PRODUCER + count - 1, ProducerStates.FIRST_BATCH_PATIENCE_MS)).isInstanceOf(
                Appended.class);
        assertThat(error(midway(log, PRODUCER + count + 1, ProducerStates.FIRST_BATCH_PATIENCE_MS))).as(
                "there is room again").isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER);
    }

    @Test
    void those_who_gave_up_make_room_and_are_held_off_anew_when_they_come_again() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        for (int i = 0; i < ProducerStates.MAX_HELD_OFF; i++) {
            assertThat(error(midway(log, PRODUCER + i, 0))).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER);
        }
        long laterMs = ProducerStates.HELD_OFF_MEMORY_MS;

        assertThat(error(midway(log, PRODUCER, laterMs))).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER);
        assertThat(error(midway(log, PRODUCER - 1, laterMs))).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER);
        assertThat(midway(log, PRODUCER, laterMs + ProducerStates.FIRST_BATCH_PATIENCE_MS)).isInstanceOf(
                Appended.class);
    }

    @Test
    void a_new_leadership_holds_off_anew() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        assertThat(error(midway(log, PRODUCER, 0))).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER);
        assertThat(log.beginEpoch(1)).isTrue();

        assertThat(error(log.appendAsLeader(idempotent(PRODUCER, 0, 17, "a"), 1, NOW_MS
                + ProducerStates.FIRST_BATCH_PATIENCE_MS))).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER);
    }

    /** What a producer is answered that comes with a sequence after the first. */
    private static AppendResult midway(PartitionLog log, long producerId, long afterMs) {
        return log.appendAsLeader(idempotent(producerId, 0, 17, "a"), 0, NOW_MS + afterMs);
    }

    @Test
    void a_producer_that_may_have_been_forgotten_may_go_on_at_any_sequence() throws IOException {
        PartitionLog log = openLackingSome();

        assertThat(send(log, idempotent(PRODUCER, 0, 17, "a"))).isInstanceOf(Appended.class);
        assertThat(send(log, idempotent(PRODUCER, 0, 18, "b"))).isInstanceOf(Appended.class);

        PartitionLog reopened = open(store.copy(), config(1 << 20));
        assertThat(send(reopened, idempotent(PRODUCER + 1, 0, 17, "c"))).isInstanceOf(Appended.class);
    }

    /** What was in it before is another replica's to know. */
    private PartitionLog openLackingSome() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        log.truncateFullyAndStartAt(0, NOW_MS);
        return log;
    }

    @Test
    void sequences_wrap_around_after_the_greatest_int() throws IOException {
        PartitionLog log = openLackingSome();
        append(log, idempotent(PRODUCER, 0, Integer.MAX_VALUE - 1, "a", "b", "c"));

        assertThat(send(log, idempotent(PRODUCER, 0, Integer.MAX_VALUE - 1, "a", "b", "c"))).isEqualTo(new Duplicate(0,
                2, -1, 0));
        assertThat(send(log, idempotent(PRODUCER, 0, 1, "d"))).isEqualTo(new Appended(3, 3, -1, 0));
    }

    @Test
    void a_wrap_exactly_at_the_greatest_int_begins_at_zero() throws IOException {
        PartitionLog log = openLackingSome();
        append(log, idempotent(PRODUCER, 0, Integer.MAX_VALUE, "a"));

        assertThat(send(log, idempotent(PRODUCER, 0, 0, "b"))).isEqualTo(new Appended(1, 1, -1, 0));
    }

    @Test
    void a_silent_producer_is_forgotten_when_its_time_is_over() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        append(log, idempotent(PRODUCER, 0, 0, "a"));

        log.expireProducers(NOW_MS + LogFixture.PRODUCER_EXPIRATION_MS - 1);
        assertThat(error(send(log, idempotent(PRODUCER, 0, 9, "b")))).isEqualTo(Errors.OUT_OF_ORDER_SEQUENCE_NUMBER);
        log.expireProducers(NOW_MS + LogFixture.PRODUCER_EXPIRATION_MS);
        assertThat(send(log, idempotent(PRODUCER, 0, 9, "b"))).isInstanceOf(Appended.class);
    }

    @Test
    void one_append_of_an_idempotent_producer_has_one_batch() throws IOException {
        PartitionLog log = open(store, config(1 << 20));

        AppendResult result = send(log, PartitionLogTest.joined(idempotent(PRODUCER, 0, 0, "a"), idempotent(PRODUCER, 0,
                1, "b")));

        assertThat(error(result)).isEqualTo(Errors.INVALID_RECORD);
    }

    @Test
    void the_snapshot_has_the_layout_of_kafkas_version_1() {
        ProducerStates states = new ProducerStates(LogFixture.KEY_LIMITS, true);
        MemoryRecords records = idempotent(PRODUCER, 3, 10, "a", "b");
        states.note(BatchHeader.read(records.buffer(), 0).withBaseOffset(100, 0), NOW_MS);

        ByteBuffer snapshot = ProducerSnapshot.encode(states);

        assertThat(snapshot.limit()).isEqualTo(10 + 46);
        assertThat(snapshot.getShort(0)).isEqualTo((short) 1);
        assertThat(snapshot.getInt(6)).isOne();
        assertThat(snapshot.getLong(10)).isEqualTo(PRODUCER);
        assertThat(snapshot.getShort(18)).isEqualTo((short) 3);
        assertThat(snapshot.getInt(20)).isEqualTo(11);
        assertThat(snapshot.getLong(24)).isEqualTo(101);
        assertThat(snapshot.getInt(32)).isOne();
        assertThat(snapshot.getLong(36)).isEqualTo(NOW_MS + 1);
        assertThat(snapshot.getInt(44)).isEqualTo(-1);
        assertThat(snapshot.getLong(48)).isEqualTo(-1);
    }

    private static AppendResult send(PartitionLog log, MemoryRecords records) {
        return log.appendAsLeader(records, 0, NOW_MS);
    }

    private static Errors error(AppendResult result) {
        assertThat(result).isInstanceOf(Refused.class);
        return ((Refused) result).error();
    }
}
