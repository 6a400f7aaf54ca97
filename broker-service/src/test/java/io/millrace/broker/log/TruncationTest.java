package io.millrace.broker.log;

import static io.millrace.broker.log.LogFixture.NOW_MS;
import static io.millrace.broker.log.LogFixture.append;
import static io.millrace.broker.log.LogFixture.batch;
import static io.millrace.broker.log.LogFixture.clean;
import static io.millrace.broker.log.LogFixture.config;
import static io.millrace.broker.log.LogFixture.idempotent;
import static io.millrace.broker.log.LogFixture.open;
import static io.millrace.broker.log.LogFixture.values;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.broker.log.AppendResult.Appended;
import io.millrace.broker.log.AppendResult.Refused;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.Records;
import org.junit.jupiter.api.Test;

class TruncationTest {
    /** Of the leader who was asked, at least that of all records here. */
    private static final int LATER_EPOCH = 9;
    private final MemoryLogStore store = new MemoryLogStore();

    @Test
    void everything_from_an_offset_on_goes_over_segments() throws IOException {
        for (long cut = 0; cut <= 20; cut++) {
            MemoryLogStore fresh = new MemoryLogStore();
            PartitionLog log = open(fresh, config(300));
            for (int i = 0; i < 20; i++) {
                append(log, batch("v" + i));
            }
            List<String> before = values(log);

            log.truncateTo(cut, NOW_MS);

            assertThat(values(log)).isEqualTo(before.subList(0, (int) cut));
            assertThat(log.highWatermark()).isEqualTo(cut);
            assertThat(append(log, batch("next")).baseOffset()).isEqualTo(cut);
            assertThat(values(open(fresh.copy(), config(300)))).hasSize((int) cut + 1).endsWith("next");
        }
    }

    @Test
    void a_batch_that_holds_the_offset_goes_whole() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        append(log, batch("a", "b"));
        append(log, batch("c", "d", "e"));

        log.truncateTo(4, NOW_MS);

        assertThat(log.logEndOffset()).isEqualTo(2);
    }

    @Test
    void leader_epochs_beyond_the_cut_are_forgotten() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        append(log, batch("a"), 1);
        append(log, batch("b"), 2);
        append(log, batch("c"), 5);

        log.truncateTo(2, NOW_MS);

        assertThat(log.latestLeaderEpoch()).isEqualTo(2);
        assertThat(log.endOffsetForEpoch(2)).isEqualTo(new EpochEndOffset(2, 2));
        assertThat(log.endOffsetForEpoch(5)).isEqualTo(EpochEndOffset.UNKNOWN);
    }

    @Test
    void an_epoch_begins_before_its_first_record() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        append(log, batch("a", "b"), 1);

        assertThat(log.beginEpoch(4)).isTrue();

        assertThat(log.endOffsetForEpoch(1)).isEqualTo(new EpochEndOffset(1, 2));
        assertThat(log.endOffsetForEpoch(4)).isEqualTo(new EpochEndOffset(4, 2));
        assertThat(log.beginEpoch(4)).isFalse();
        assertThat(log.beginEpoch(3)).isFalse();
        assertThat(open(store.copy(), config(1 << 20), clean(log)).endOffsetForEpoch(1)).isEqualTo(
                new EpochEndOffset(1, 2));
    }

    @Test
    void an_epoch_without_records_is_forgotten_by_a_cut_at_the_end() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        append(log, batch("a", "b"), 1);
        log.beginEpoch(4);

        log.truncateTo(2, NOW_MS);

        assertThat(log.latestLeaderEpoch()).isEqualTo(1);
        assertThat(values(log)).containsExactly("a", "b");
    }

    @Test
    void what_was_joined_stays_joined_whatever_is_cut() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        append(log, batch("a"), 1);
        assertThat(log.joinedEpoch()).isEqualTo(1);
        append(log, batch("b"), 3);
        log.truncateTo(1, NOW_MS);
        assertThat(log.joinedEpoch()).as("a record was cut").isEqualTo(3);
        log.joinEpoch(4);
        log.joinEpoch(2);
        assertThat(log.joinedEpoch()).isEqualTo(4);
        assertThat(log.latestLeaderEpoch()).isEqualTo(1);
        log.beginEpoch(6);
        assertThat(open(store.copy(), config(1 << 20), LogOpening.UNKNOWN).joinedEpoch()).as("led without a record")
                .isEqualTo(6);
        log.truncateFullyAndStartAt(9, NOW_MS);
        assertThat(open(store.copy(), config(1 << 20), LogOpening.UNKNOWN).joinedEpoch()).isEqualTo(6);
    }

    @Test
    void where_an_epoch_began_stays_known_when_records_up_to_its_middle_are_deleted() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        append(log, batch("a", "b"), 1);
        append(log, batch("c", "d"), 3);
        LogOpening beforeDeletion = new LogOpening(false, 0, 0, log.highWatermark());

        log.deleteRecordsBefore(3);

        assertThat(log.endOffsetForEpoch(1)).isEqualTo(new EpochEndOffset(1, 2));
        assertThat(open(store.copy(), config(1 << 20), beforeDeletion).endOffsetForEpoch(1)).isEqualTo(
                new EpochEndOffset(1, 2));
    }

    @Test
    void an_empty_follower_takes_the_batch_in_which_its_leaders_log_starts() throws IOException {
        PartitionLog leader = open(store, config(1 << 20));
        append(leader, idempotent(9, 0, 0, "a", "b", "c"), 2);
        append(leader, idempotent(9, 0, 3, "d"), 2);
        leader.deleteRecordsBefore(2);
        PartitionLog follower = open(new MemoryLogStore(), config(1 << 20));
        follower.truncateFullyAndStartAt(2, NOW_MS);

        assertThat(follower.appendAsFollower(fetched(leader, 2), LATER_EPOCH, NOW_MS)).isEqualTo(new Appended(2, 3, -1,
                2));

        assertThat(follower.logStartOffset()).isEqualTo(2);
        assertThat(follower.highWatermark()).isEqualTo(2);
        assertThat(values(follower)).containsExactly("c", "d");
        assertThat(follower.appendAsLeader(idempotent(9, 0, 0, "a", "b", "c"), 2, NOW_MS)).isEqualTo(
                new AppendResult.Duplicate(0, 2, -1, 2));
    }

    @Test
    void the_end_of_an_epoch_is_where_the_next_one_begins() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        append(log, batch("a", "b"), 1);
        append(log, batch("c"), 3);
        append(log, batch("d"), 6);

        assertThat(log.endOffsetForEpoch(0)).isEqualTo(new EpochEndOffset(0, 0));
        assertThat(log.endOffsetForEpoch(1)).isEqualTo(new EpochEndOffset(1, 2));
        assertThat(log.endOffsetForEpoch(2)).isEqualTo(new EpochEndOffset(1, 2));
        assertThat(log.endOffsetForEpoch(4)).isEqualTo(new EpochEndOffset(3, 3));
        assertThat(log.endOffsetForEpoch(6)).isEqualTo(new EpochEndOffset(6, 4));
        assertThat(log.endOffsetForEpoch(7)).isEqualTo(EpochEndOffset.UNKNOWN);
        assertThat(log.endOffsetForEpoch(-1)).isEqualTo(EpochEndOffset.UNKNOWN);
    }

    @Test
    void producers_are_as_they_were_at_the_cut() throws IOException {
        PartitionLog log = open(store, config(300));
        for (int i = 0; i < 10; i++) {
            append(log, idempotent(9, 0, i, "value " + i));
        }

        log.truncateTo(6, NOW_MS);

        assertThat(log.appendAsLeader(idempotent(9, 0, 7, "gap"), 0, NOW_MS)).isInstanceOf(Refused.class);
        assertThat(log.appendAsLeader(idempotent(9, 0, 6, "next"), 0, NOW_MS)).isEqualTo(new Appended(6, 6, -1, 0));
    }

    @Test
    void a_log_emptied_to_begin_elsewhere_forgets_all() throws IOException {
        PartitionLog log = open(store, config(300));
        for (int i = 0; i < 10; i++) {
            append(log, idempotent(9, 0, i, "value " + i), i);
        }

        log.truncateFullyAndStartAt(500, NOW_MS);

        assertThat(log.logStartOffset()).isEqualTo(500);
        assertThat(log.logEndOffset()).isEqualTo(500);
        assertThat(log.highWatermark()).isEqualTo(500);
        assertThat(log.latestLeaderEpoch()).isEqualTo(-1);
        assertThat(log.appendAsLeader(idempotent(9, 0, 3, "any sequence"), 11, NOW_MS)).isEqualTo(new Appended(500, 500,
                -1, 500));
    }

    @Test
    void a_follower_stores_its_leaders_bytes_as_they_are() throws IOException {
        PartitionLog leader = open(store, config(300));
        for (int i = 0; i < 10; i++) {
            append(leader, idempotent(9, 0, i, "value " + i), i / 3);
        }
        PartitionLog follower = open(new MemoryLogStore(), config(1 << 20));

        while (follower.logEndOffset() < leader.logEndOffset()) {
            follower.appendAsFollower(fetched(leader, follower.logEndOffset()), LATER_EPOCH, NOW_MS);
        }

        assertThat(values(follower)).isEqualTo(values(leader));
        for (int epoch = 0; epoch <= 4; epoch++) {
            assertThat(follower.endOffsetForEpoch(epoch)).isEqualTo(leader.endOffsetForEpoch(epoch));
        }
        assertThat(follower.appendAsLeader(idempotent(9, 0, 8, "value 8"), 4, NOW_MS)).isEqualTo(
                new AppendResult.Duplicate(8, 8, -1, 0));
    }

    @Test
    void a_follower_leaves_a_cut_off_batch_out_and_refuses_gaps_and_damage() throws IOException {
        PartitionLog leader = open(store, config(1 << 20));
        append(leader, batch("a", "b"));
        append(leader, batch("c"));
        append(leader, batch("d"));
        PartitionLog follower = open(new MemoryLogStore(), config(1 << 20));
        byte[] all = fetched(leader, 0).buffer().array();

        assertThat(follower.appendAsFollower(fetched(leader, 2), LATER_EPOCH, NOW_MS)).isInstanceOfSatisfying(
                Refused.class,
                refused -> assertThat(refused.error()).isEqualTo(Errors.OFFSET_OUT_OF_RANGE));
        byte[] damaged = all.clone();
        damaged[70] ^= 1;
        assertThat(follower.appendAsFollower(MemoryRecords.readableRecords(ByteBuffer.wrap(damaged)), LATER_EPOCH,
                NOW_MS))
                .isInstanceOfSatisfying(Refused.class, refused -> assertThat(refused.error()).isEqualTo(
                        Errors.CORRUPT_MESSAGE));
        MemoryRecords cutOff = MemoryRecords.readableRecords(ByteBuffer.wrap(Arrays.copyOf(all, all.length - 1)));
        assertThat(follower.appendAsFollower(cutOff, LATER_EPOCH, NOW_MS)).isEqualTo(new Appended(0, 2, -1, 0));
        assertThat(values(follower)).containsExactly("a", "b", "c");
    }

    /** A leader that was asked in one epoch, and has followed another's since, may send what it has from there. */
    @Test
    void a_follower_takes_nothing_of_an_epoch_after_the_one_in_which_it_asked() throws IOException {
        PartitionLog leader = open(store, config(1 << 20));
        append(leader, batch("a"), 4);
        append(leader, batch("b"), 5);
        PartitionLog follower = open(new MemoryLogStore(), config(1 << 20));

        assertThat(follower.appendAsFollower(fetched(leader, 0), 4, NOW_MS)).isInstanceOfSatisfying(Refused.class,
                refused -> assertThat(refused.error()).isEqualTo(Errors.FENCED_LEADER_EPOCH));
        assertThat(follower.logEndOffset()).isZero();
        assertThat(follower.appendAsFollower(fetched(leader, 0), 5, NOW_MS)).isInstanceOf(Appended.class);
    }

    static MemoryRecords fetched(PartitionLog leader, long offset) {
        Records records = ((ReadResult.Data) leader.read(offset, 1 << 20, true, leader.logEndOffset())).records();
        return (MemoryRecords) records;
    }
}
