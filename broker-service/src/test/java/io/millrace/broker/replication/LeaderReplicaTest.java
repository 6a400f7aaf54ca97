package io.millrace.broker.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.broker.replication.IsrState.Committed;
import io.millrace.broker.replication.IsrState.PendingExpand;
import io.millrace.broker.replication.IsrState.PendingShrink;
import io.millrace.broker.replication.LeaderReplica.Fetched;
import io.millrace.broker.replication.LeaderReplica.Limits;
import io.millrace.broker.replication.LeaderReplica.LogEnds;
import io.millrace.common.metadata.BrokerImage;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.partition.IsrChange;
import io.millrace.common.partition.IsrChange.Member;
import io.millrace.common.partition.Outcome;
import io.millrace.common.partition.Outcome.Reason;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

/** Broker 1 leads a partition of brokers 1, 2 and 3 in epoch 5, with ten records to begin with. */
class LeaderReplicaTest {
    private static final Uuid TOPIC = new Uuid(7, 7);
    private static final int EPOCH = 5;
    private static final long LAG_NANOS = 1_000;
    private static final long START_NANOS = -500;

    private final Map<Integer, BrokerImage> brokers = new HashMap<>(Map.of(1, broker(1, 11, false), 2, broker(2, 12,
            false), 3, broker(3, 13, false)));

    @Test
    void a_record_is_committed_when_every_replica_in_sync_has_it() {
        LeaderReplica leader = leader(2, List.of(1, 2, 3));
        leader.appended(12);

        fetch(leader, 2, 12);
        assertThat(leader.highWatermark()).isZero();
        fetch(leader, 3, 11);
        assertThat(leader.highWatermark()).isEqualTo(11);
        fetch(leader, 3, 12);
        assertThat(leader.highWatermark()).isEqualTo(12);
    }

    @Test
    void the_high_watermark_never_falls() {
        LeaderReplica leader = leader(2, List.of(1, 2));
        fetch(leader, 2, 10);

        fetch(leader, 2, 4);

        assertThat(leader.highWatermark()).isEqualTo(10);
    }

    @Test
    void a_new_leaders_high_watermark_is_settled_when_it_reaches_what_the_leader_began_with() {
        LeaderReplica leader = leader(2, List.of(1, 2));
        leader.appended(12);

        fetch(leader, 2, 9);
        assertThat(leader.highWatermarkSettled()).isFalse();
        fetch(leader, 2, 10);
        assertThat(leader.highWatermarkSettled()).isTrue();
    }

    @Test
    void nothing_is_committed_in_an_epoch_before_all_with_which_it_began() {
        LeaderReplica leader = leader(2, List.of(1, 2));

        fetch(leader, 2, 9);
        assertThat(leader.highWatermark()).isZero();
        fetch(leader, 2, 10);
        assertThat(leader.highWatermark()).isEqualTo(10);
    }

    @Test
    void a_follower_with_all_of_that_is_to_join_the_epoch_first_unless_it_has_a_record_of_it() {
        LeaderReplica leader = leader(2, List.of(1, 2));

        assertThat(leader.mustJoin(9, EPOCH - 1)).isFalse();
        assertThat(leader.mustJoin(10, EPOCH - 1)).isTrue();
        assertThat(leader.mustJoin(10, -1)).isTrue();
        assertThat(leader.mustJoin(10, EPOCH)).isFalse();
    }

    @Test
    void a_leader_alone_commits_what_it_appends_only_if_one_replica_is_enough() {
        LeaderReplica enough = leader(1, List.of(1));
        LeaderReplica tooFew = leader(2, List.of(1));

        enough.appended(12);
        tooFew.appended(12);

        assertThat(enough.highWatermark()).isEqualTo(12);
        assertThat(enough.enoughInSync()).isTrue();
        assertThat(tooFew.highWatermark()).isZero();
        assertThat(tooFew.enoughInSync()).isFalse();
    }

    @Test
    void never_more_replicas_are_needed_than_the_partition_has_apart_from_those_that_are_added() {
        PartitionImage growing = new PartitionImage(0, List.of(1, 2), List.of(1), 1, EPOCH, 40, List.of(), 1, List.of(
                2), List.of());
        LeaderReplica leader = new LeaderReplica(TOPIC, 1, growing, brokers, new Limits(2, LAG_NANOS), new LogEnds(0,
                10), START_NANOS);

        assertThat(leader.highWatermark()).isEqualTo(10);
        leader.imageChanged(row(41, List.of(1)), brokers, START_NANOS);
        leader.appended(11);
        assertThat(leader.highWatermark()).isEqualTo(10);
    }

    @Test
    void lowering_the_minimum_commits_what_waited() {
        LeaderReplica leader = leader(2, List.of(1));

        leader.minInSyncReplicas(1);

        assertThat(leader.highWatermark()).isEqualTo(10);
    }

    @Test
    void a_follower_that_was_not_caught_up_for_the_lag_time_is_to_leave() {
        LeaderReplica leader = leader(2, List.of(1, 2, 3));
        fetch(leader, 2, 10);
        leader.tick(START_NANOS + LAG_NANOS);
        assertThat(leader.isrChangeDue()).isFalse();

        leader.tick(START_NANOS + LAG_NANOS + 1);

        assertThat(leader.isrChangeDue()).isTrue();
        IsrChange change = leader.proposeIsrChange(START_NANOS + LAG_NANOS + 1);
        assertThat(change).isEqualTo(new IsrChange(TOPIC, 0, EPOCH, 40, List.of(new Member(1, -1), new Member(2, 12))));
        assertThat(leader.isr()).isInstanceOf(PendingShrink.class);
        assertThat(leader.highWatermark()).isZero();

        leader.isrChangeAnswered(change, new Outcome.Changed(row(41, List.of(1, 2))));

        assertThat(leader.isr()).isEqualTo(new Committed(List.of(1, 2), 41));
        assertThat(leader.highWatermark()).isEqualTo(10);
    }

    @Test
    void a_follower_that_is_always_a_little_behind_stays() {
        LeaderReplica leader = leader(2, List.of(1, 2));
        long now = START_NANOS;
        for (int end = 11; end < 60; end++) {
            now += LAG_NANOS / 3;
            leader.fetched(2, 12, end - 1, end, now);
            leader.tick(now);
        }

        assertThat(leader.isrChangeDue()).isFalse();
    }

    @Test
    void a_follower_with_all_there_is_stays_without_fetching() {
        LeaderReplica leader = leader(2, List.of(1, 2));
        fetch(leader, 2, 10);

        leader.tick(START_NANOS + 100 * LAG_NANOS);

        assertThat(leader.isrChangeDue()).isFalse();
    }

    @Test
    void a_follower_with_everything_committed_is_to_join_and_counts_from_then_on() {
        LeaderReplica leader = leader(1, List.of(1));
        leader.appended(12);

        leader.fetched(2, 12, 11, 12, START_NANOS);
        assertThat(leader.isrChangeDue()).isFalse();
        leader.fetched(2, 12, 12, 12, START_NANOS);
        assertThat(leader.isrChangeDue()).isTrue();

        IsrChange change = leader.proposeIsrChange(START_NANOS);
        leader.appended(13);
        leader.tick(START_NANOS + 100 * LAG_NANOS);

        assertThat(change).isEqualTo(new IsrChange(TOPIC, 0, EPOCH, 40, List.of(new Member(1, -1), new Member(2, 12))));
        assertThat(leader.highWatermark()).isEqualTo(12);
        assertThat(leader.isrChangeDue()).isFalse();
        assertThat(leader.proposeIsrChange(START_NANOS)).isNull();
    }

    @Test
    void a_joining_follower_does_not_make_up_the_minimum_before_it_has_joined() {
        LeaderReplica leader = leader(2, List.of(1));
        fetch(leader, 2, 10);

        IsrChange change = leader.proposeIsrChange(START_NANOS);

        assertThat(leader.highWatermark()).isZero();
        assertThat(leader.enoughInSync()).isFalse();
        leader.isrChangeAnswered(change, new Outcome.Changed(row(41, List.of(1, 2))));
        assertThat(leader.highWatermark()).isEqualTo(10);
        assertThat(leader.enoughInSync()).isTrue();
    }

    @Test
    void who_has_the_high_watermark_but_not_the_start_of_the_epoch_may_not_join() {
        LeaderReplica leader = leader(2, List.of(1, 2));

        fetch(leader, 3, 9);
        assertThat(leader.isrChangeDue()).isFalse();
        fetch(leader, 3, 10);
        assertThat(leader.isrChangeDue()).isTrue();
    }

    @Test
    void who_is_fenced_or_leaving_or_has_lost_its_tail_is_not_asked_to_join() {
        for (BrokerImage unfit : List.of(broker(2, 12, true), new BrokerImage(2, 12, "h", 1, "u", false, true, false,
                false), new BrokerImage(2, 12, "h", 1, "u", false, false, true, false), broker(2, 13, false))) {
            LeaderReplica leader = leader(1, List.of(1));
            brokers.put(2, unfit);
            leader.imageChanged(row(40, List.of(1)), brokers, START_NANOS);

            leader.fetched(2, 12, 10, 10, START_NANOS);

            assertThat(leader.isrChangeDue()).as("%s", unfit).isFalse();
        }
    }

    @Test
    void the_high_watermark_waits_for_a_follower_that_is_about_to_join() {
        LeaderReplica leader = leader(1, List.of(1));
        fetch(leader, 2, 10);

        leader.appended(11);
        assertThat(leader.highWatermark()).isEqualTo(10);

        leader.tick(START_NANOS + LAG_NANOS + 1);
        assertThat(leader.highWatermark()).isEqualTo(11);
    }

    @Test
    void the_high_watermark_stops_waiting_for_a_follower_that_is_fenced() {
        LeaderReplica leader = leader(1, List.of(1));
        fetch(leader, 2, 10);
        leader.appended(11);

        brokers.put(2, broker(2, 12, true));
        leader.imageChanged(row(40, List.of(1)), brokers, START_NANOS);

        assertThat(leader.highWatermark()).isEqualTo(11);
    }

    @Test
    void a_fetch_of_an_older_registration_counts_for_nothing() {
        LeaderReplica leader = leader(2, List.of(1, 2));

        assertThat(leader.fetched(2, 11, 10, 10, START_NANOS)).isEqualTo(Fetched.STALE_BROKER_EPOCH);
        assertThat(leader.fetched(2, -1, 10, 10, START_NANOS)).isEqualTo(Fetched.STALE_BROKER_EPOCH);
        assertThat(leader.fetched(4, 11, 10, 10, START_NANOS)).isEqualTo(Fetched.NOT_A_REPLICA);
        assertThat(leader.highWatermark()).isZero();
        assertThat(leader.fetched(2, 12, 10, 10, START_NANOS)).isEqualTo(Fetched.COUNTED);
        assertThat(leader.highWatermark()).isEqualTo(10);
    }

    @Test
    void what_a_broker_had_before_it_registered_anew_is_forgotten() {
        LeaderReplica leader = leader(2, List.of(1, 2));
        fetch(leader, 2, 10);
        leader.appended(12);
        leader.fetched(2, 12, 11, 12, START_NANOS);

        brokers.put(2, broker(2, 20, true));
        leader.imageChanged(row(40, List.of(1, 2)), brokers, START_NANOS);
        assertThat(leader.fetched(2, 12, 12, 12, START_NANOS)).isEqualTo(Fetched.STALE_BROKER_EPOCH);
        assertThat(leader.highWatermark()).isEqualTo(11);

        assertThat(leader.fetched(2, 20, 12, 12, START_NANOS)).isEqualTo(Fetched.COUNTED);
        assertThat(leader.highWatermark()).isEqualTo(12);
    }

    @Test
    void a_change_without_an_answer_stays_pending_and_is_asked_for_again() {
        LeaderReplica leader = leader(1, List.of(1));
        fetch(leader, 2, 10);
        IsrChange change = leader.proposeIsrChange(START_NANOS);

        leader.isrChangeUnanswered(change);

        assertThat(leader.isr()).isInstanceOf(PendingExpand.class);
        assertThat(leader.isrChangeDue()).isFalse();
        leader.tick(START_NANOS);
        assertThat(leader.isrChangeDue()).isTrue();
        assertThat(leader.proposeIsrChange(START_NANOS)).isSameAs(change);
        leader.isrChangeAnswered(change, new Outcome.Refused(Reason.STALE_EPOCH, row(41, List.of(1, 2))));
        assertThat(leader.isr()).isEqualTo(new Committed(List.of(1, 2), 41));
    }

    @Test
    void an_image_settles_a_pending_change_and_a_late_answer_changes_nothing() {
        LeaderReplica leader = leader(1, List.of(1));
        fetch(leader, 2, 10);
        IsrChange change = leader.proposeIsrChange(START_NANOS);

        leader.imageChanged(row(42, List.of(1, 3)), brokers, START_NANOS);
        leader.isrChangeAnswered(change, new Outcome.Changed(row(41, List.of(1, 2))));
        leader.isrChangeUnanswered(change);

        assertThat(leader.isr()).isEqualTo(new Committed(List.of(1, 3), 42));
    }

    @Test
    void an_older_image_changes_nothing() {
        LeaderReplica leader = leader(1, List.of(1, 2));

        leader.imageChanged(row(39, List.of(1, 2, 3)), brokers, START_NANOS);

        assertThat(leader.isr()).isEqualTo(new Committed(List.of(1, 2), 40));
    }

    @Test
    void a_refused_expansion_is_given_up_until_the_next_tick() {
        LeaderReplica leader = leader(1, List.of(1));
        fetch(leader, 2, 10);
        IsrChange change = leader.proposeIsrChange(START_NANOS);

        leader.isrChangeAnswered(change, new Outcome.Refused(Reason.INELIGIBLE_REPLICA, row(40, List.of(1))));

        assertThat(leader.isr()).isEqualTo(new Committed(List.of(1), 40));
        fetch(leader, 2, 10);
        assertThat(leader.isrChangeDue()).isFalse();
        leader.tick(START_NANOS);
        assertThat(leader.isrChangeDue()).isTrue();
    }

    @Test
    void a_refused_expansion_counts_on_while_an_earlier_attempt_may_still_be_taken() {
        LeaderReplica leader = leader(1, List.of(1));
        fetch(leader, 2, 10);
        IsrChange change = leader.proposeIsrChange(START_NANOS);
        leader.isrChangeUnanswered(change);
        leader.proposeIsrChange(START_NANOS);

        leader.isrChangeAnswered(change, new Outcome.Refused(Reason.INELIGIBLE_REPLICA, row(40, List.of(1))));

        brokers.put(2, broker(2, 12, true));
        leader.imageChanged(row(40, List.of(1)), brokers, START_NANOS);
        leader.appended(12);
        assertThat(leader.highWatermark()).isEqualTo(10);
        IsrChange settling = leader.proposeIsrChange(START_NANOS);
        assertThat(settling).isEqualTo(new IsrChange(TOPIC, 0, EPOCH, 40, List.of(new Member(1, -1))));
        leader.isrChangeAnswered(settling, new Outcome.Changed(row(41, List.of(1))));
        assertThat(leader.highWatermark()).isEqualTo(12);
    }

    @Test
    void a_leader_that_is_told_it_leads_no_more_gives_nothing_up() {
        for (Reason reason : List.of(Reason.NOT_LEADER, Reason.STALE_EPOCH, Reason.UNKNOWN_PARTITION)) {
            LeaderReplica leader = leader(1, List.of(1));
            fetch(leader, 2, 10);
            IsrChange change = leader.proposeIsrChange(START_NANOS);

            leader.isrChangeAnswered(change, new Outcome.Refused(reason, new PartitionImage(0, List.of(1, 2, 3), List
                    .of(1, 2), 2, EPOCH + 1, 42)));
            leader.appended(12);

            assertThat(leader.isr()).isInstanceOf(PendingExpand.class);
            assertThat(leader.highWatermark()).isEqualTo(10);
        }
    }

    @Test
    void an_image_of_another_epoch_is_refused() {
        LeaderReplica leader = leader(1, List.of(1));
        PartitionImage other = new PartitionImage(0, List.of(1, 2), List.of(1), 1, EPOCH + 1, 41);

        assertThatThrownBy(() -> leader.imageChanged(other, brokers, START_NANOS)).isInstanceOf(
                IllegalArgumentException.class);
    }

    @Test
    void an_answer_that_ends_a_reassignment_raises_how_many_must_be_in_sync() {
        PartitionImage growing = new PartitionImage(0, List.of(1, 2), List.of(1), 1, EPOCH, 40, List.of(), 1, List.of(
                2), List.of());
        LeaderReplica leader = new LeaderReplica(TOPIC, 1, growing, brokers, new Limits(2, LAG_NANOS), new LogEnds(0,
                10), START_NANOS);
        fetch(leader, 2, 10);
        IsrChange asked = leader.proposeIsrChange(START_NANOS);

        leader.isrChangeAnswered(asked, new Outcome.Changed(row(41, List.of(1, 2))));
        assertThat(leader.enoughInSync()).isTrue();
        leader.isrChangeAnswered(asked, new Outcome.Changed(row(42, List.of(1))));
        assertThat(leader.enoughInSync()).isFalse();
    }

    @Test
    void nothing_waits_for_a_follower_that_was_caught_up_before_it_registered_anew() {
        LeaderReplica leader = leader(1, List.of(1));
        fetch(leader, 2, 10);
        brokers.put(2, broker(2, 20, false));
        leader.imageChanged(row(40, List.of(1)), brokers, START_NANOS);

        leader.fetched(2, 20, 3, 10, START_NANOS);
        leader.appended(12);

        assertThat(leader.highWatermark()).isEqualTo(12);
    }

    @Test
    void replicas_come_and_go_with_their_progress() {
        LeaderReplica leader = leader(1, List.of(1, 2));
        fetch(leader, 2, 10);

        brokers.put(4, broker(4, 14, false));
        leader.imageChanged(new PartitionImage(0, List.of(1, 2, 4), List.of(1, 2), 1, EPOCH, 41), brokers,
                START_NANOS);

        assertThat(leader.fetched(3, 13, 10, 10, START_NANOS)).isEqualTo(Fetched.NOT_A_REPLICA);
        assertThat(leader.followers(START_NANOS)).containsExactly(new LeaderReplica.Follower(2, 10, true, 0),
                new LeaderReplica.Follower(4, -1, false, -1));
    }

    @Test
    void a_replica_that_is_added_anew_is_not_taken_for_the_one_that_it_was() {
        LeaderReplica leader = leader(1, List.of(1, 2));
        fetch(leader, 2, 10);
        fetch(leader, 3, 10);

        // The image in which it was no replica was never seen.
        leader.imageChanged(new PartitionImage(0, List.of(1, 2, 3), List.of(1, 2), 1, EPOCH, 42, List.of(), 1, List.of(
                3), List.of()), brokers, START_NANOS);

        assertThat(leader.followers(START_NANOS)).contains(new LeaderReplica.Follower(3, -1, false, -1));
        assertThat(leader.isrChangeDue()).isFalse();
    }

    @Test
    void a_replica_that_is_added_keeps_its_progress_while_it_is_on_its_way() {
        LeaderReplica leader = leader(1, List.of(1, 2));
        brokers.put(4, broker(4, 14, false));
        leader.imageChanged(adding4(41), brokers, START_NANOS);
        fetch(leader, 4, 7);

        leader.imageChanged(adding4(42), brokers, START_NANOS);

        assertThat(leader.followers(START_NANOS)).contains(new LeaderReplica.Follower(4, 7, false, 0));
    }

    private static PartitionImage adding4(int partitionEpoch) {
        return new PartitionImage(0, List.of(1, 2, 3, 4), List.of(1, 2), 1, EPOCH, partitionEpoch, List.of(), 1, List
                .of(4), List.of());
    }

    private LeaderReplica leader(int minInSync, List<Integer> isr) {
        return new LeaderReplica(TOPIC, 1, row(40, isr), brokers, new Limits(minInSync, LAG_NANOS), new LogEnds(0, 10),
                START_NANOS);
    }

    private static PartitionImage row(int partitionEpoch, List<Integer> isr) {
        return new PartitionImage(0, List.of(1, 2, 3), isr, 1, EPOCH, partitionEpoch);
    }

    private static BrokerImage broker(int id, long epoch, boolean fenced) {
        return new BrokerImage(id, epoch, "localhost", 9092, "http://localhost", fenced);
    }

    private static void fetch(LeaderReplica leader, int brokerId, long offset) {
        assertThat(leader.fetched(brokerId, 10 + brokerId, offset, 0, START_NANOS)).isEqualTo(Fetched.COUNTED);
    }
}
