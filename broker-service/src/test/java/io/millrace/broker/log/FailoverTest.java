package io.millrace.broker.log;

import static io.millrace.broker.log.LogFixture.NOW_MS;
import static io.millrace.broker.log.LogFixture.append;
import static io.millrace.broker.log.LogFixture.batch;
import static io.millrace.broker.log.LogFixture.config;
import static io.millrace.broker.log.LogFixture.idempotent;
import static io.millrace.broker.log.LogFixture.open;
import static io.millrace.broker.log.LogFixture.values;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.broker.log.AppendResult.Appended;
import io.millrace.broker.log.AppendResult.Duplicate;
import io.millrace.broker.log.AppendResult.Refused;
import io.millrace.broker.replication.FetchHistory;
import io.millrace.broker.replication.FollowerReplica;
import java.io.IOException;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.junit.jupiter.api.Test;

/** Two logs that follow one another, with segments of a few batches. */
class FailoverTest {
    private final PartitionLog first = open(new MemoryLogStore(), config(300));
    private final PartitionLog second = open(new MemoryLogStore(), config(300));

    FailoverTest() throws IOException {}

    @Test
    void a_retry_after_failover_is_answered_with_the_first_offset_and_the_next_sequence_is_taken() {
        lead(first, 1);
        for (int i = 0; i < 9; i++) {
            append(first, idempotent(7, 0, i, "value " + i), 1);
        }
        follow(second, first);

        lead(second, 2);

        assertThat(second.appendAsLeader(idempotent(7, 0, 8, "value 8"), 2, NOW_MS)).isEqualTo(new Duplicate(8, 8, -1,
                0));
        assertThat(second.appendAsLeader(idempotent(7, 0, 9, "value 9"), 2, NOW_MS)).isEqualTo(new Appended(9, 9, -1,
                0));
        assertThat(values(second)).hasSize(10).doesNotHaveDuplicates();
    }

    @Test
    void what_only_the_dead_leader_had_is_taken_again_and_cut_from_its_log() {
        lead(first, 1);
        for (int i = 0; i < 6; i++) {
            append(first, idempotent(7, 0, i, "value " + i), 1);
        }
        follow(second, first);
        for (int i = 6; i < 9; i++) {
            first.appendAsLeader(idempotent(7, 0, i, "lost " + i), 1, NOW_MS);
        }

        lead(second, 2);
        for (int i = 6; i < 8; i++) {
            assertThat(second.appendAsLeader(idempotent(7, 0, i, "retried " + i), 2, NOW_MS)).isEqualTo(new Appended(i,
                    i, -1, 0));
        }
        follow(first, second);

        assertThat(values(first)).isEqualTo(values(second)).endsWith("value 5", "retried 6", "retried 7");
        lead(first, 3);
        assertThat(first.appendAsLeader(idempotent(7, 0, 7, "retried 7"), 3, NOW_MS)).isEqualTo(new Duplicate(7, 7, -1,
                0));
        assertThat(first.appendAsLeader(idempotent(7, 0, 9, "gap"), 3, NOW_MS)).isInstanceOfSatisfying(Refused.class,
                refused -> assertThat(refused.error()).isEqualTo(Errors.OUT_OF_ORDER_SEQUENCE_NUMBER));
        assertThat(first.appendAsLeader(idempotent(7, 0, 8, "next"), 3, NOW_MS)).isEqualTo(new Appended(8, 8, -1, 0));
    }

    @Test
    void logs_that_took_turns_without_agreeing_are_cut_epoch_by_epoch() {
        lead(first, 1);
        append(first, batch("a", "b"), 1);
        follow(second, first);
        lead(first, 2);
        append(first, batch("only first, 2"), 2);
        lead(second, 3);
        append(second, batch("only second, 3"), 3);
        lead(first, 4);
        append(first, batch("only first, 4", "and more"), 4);
        lead(second, 5);

        int cuts = follow(first, second);

        assertThat(cuts).isGreaterThan(1);
        assertThat(values(first)).isEqualTo(values(second)).containsExactly("a", "b", "only second, 3");
    }

    @Test
    void an_epoch_in_which_nothing_was_written_does_not_hold_a_follower_up() {
        lead(first, 1);
        append(first, batch("a"), 1);
        follow(second, first);
        lead(first, 2);
        lead(second, 3);

        follow(first, second);

        assertThat(values(first)).containsExactly("a");
        assertThat(FetchHistory.of(second, 1, first.latestLeaderEpoch())).isInstanceOf(
                FetchHistory.Same.class);
    }

    @Test
    void who_is_behind_its_leaders_log_start_starts_anew_there() {
        lead(first, 1);
        for (int i = 0; i < 5; i++) {
            append(first, batch("value " + i), 1);
        }
        first.deleteRecordsBefore(3);

        follow(second, first);

        assertThat(second.logStartOffset()).isEqualTo(3);
        assertThat(values(second)).containsExactly("value 3", "value 4");
    }

    private static void lead(PartitionLog log, int epoch) {
        assertThat(log.beginEpoch(epoch)).isTrue();
    }

    /** Fetches until the follower has what the leader has; returns how often its log was cut. */
    private static int follow(PartitionLog follower, PartitionLog leader) {
        int cuts = 0;
        for (int fetches = 0; fetches < 100; fetches++) {
            long offset = follower.logEndOffset();
            switch (FetchHistory.of(leader, offset, follower.latestLeaderEpoch())) {
                case FetchHistory.Diverging(int epoch, long end) -> {
                    follower.truncateTo(FollowerReplica.cutAfterDivergence(follower, epoch, end), NOW_MS);
                    cuts++;
                }
                case FetchHistory.OutOfRange _ -> {
                    assertThat(FollowerReplica.outOfRange(follower, leader.logStartOffset(), leader.logEndOffset()))
                            .isEqualTo(new FollowerReplica.OutOfRange.StartAnewAt(leader.logStartOffset()));
                    follower.truncateFullyAndStartAt(leader.logStartOffset(), NOW_MS);
                }
                case FetchHistory.Same _ when offset == leader.logEndOffset() -> {
                    return cuts;
                }
                case FetchHistory.Same _ -> {
                    ReadResult.Data read = (ReadResult.Data) leader.read(offset, 200, true, leader.logEndOffset());
                    assertThat(follower.appendAsFollower((MemoryRecords) read.records(), leader.latestLeaderEpoch(),
                            NOW_MS)).isInstanceOf(
                                    Appended.class);
                }
            }
        }
        throw new AssertionError("the follower never gets to its leader's end");
    }
}
