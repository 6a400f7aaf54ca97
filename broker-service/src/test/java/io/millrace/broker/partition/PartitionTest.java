package io.millrace.broker.partition;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.broker.log.AppendResult.Appended;
import io.millrace.broker.log.DecompressionBuffers;
import io.millrace.broker.log.KeyLimits;
import io.millrace.broker.log.KeyMemory;
import io.millrace.broker.log.LogOpening;
import io.millrace.broker.log.LogSettings;
import io.millrace.broker.log.MemoryLogStore;
import io.millrace.broker.log.PartitionLog;
import io.millrace.broker.partition.Leadership.Following;
import io.millrace.broker.partition.Leadership.Leading;
import io.millrace.common.metadata.BrokerImage;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.metadata.TopicConfig;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Broker 1 has a replica of a partition of brokers 1 and 2. */
class PartitionTest {
    private static final long NOW_MS = 1_700_000_000_000L;

    private final MemoryLogStore store = new MemoryLogStore();
    private final List<Errors> outcomes = new ArrayList<>();
    private PartitionLog log;
    private Partition partition;

    @BeforeEach
    void open() throws IOException {
        log = PartitionLog.open(store, TopicConfig.DEFAULT, new LogSettings(new DecompressionBuffers(), 86_400_000,
                new KeyLimits(660_000, 1000, new KeyMemory(1 << 27, 1)), _ -> {}), LogOpening.UNKNOWN, NOW_MS);
        partition = new Partition(new Uuid(7, 7), "orders", 0, log, new PartitionContext(1, 10_000, () -> 0, () -> {},
                () -> {}), Partition.NEVER_HERE);
    }

    @Test
    void nobody_leads_in_an_epoch_in_which_somebody_else_wrote_to_its_log() {
        become(2, 5, List.of(1, 2));
        follow(5, 0, 5);

        assertThat(become(1, 5, List.of(1, 2))).isFalse();
        assertThat(partition.isLeader()).isFalse();

        assertThat(become(1, 6, List.of(1, 2))).isTrue();
        assertThat(partition.leadership()).isEqualTo(new Leading(6));
    }

    @Test
    void nobody_leads_in_an_epoch_in_which_it_follows_another() {
        become(2, 5, List.of(1, 2));

        assertThat(become(1, 5, List.of(1, 2))).isFalse();
        assertThat(partition.leadership()).isEqualTo(new Following(5, 2));
    }

    @Test
    void nobody_leads_in_an_epoch_that_its_log_has_joined_under_another() {
        become(2, 5, List.of(1, 2));
        assertThat(partition.joinEpoch(new Following(5, 2), 0)).isTrue();
        become(PartitionImage.NO_LEADER, 5, List.of(1, 2));

        assertThat(become(1, 5, List.of(1, 2))).isFalse();
    }

    @Test
    void what_another_leader_committed_at_its_offset_acknowledges_no_append() {
        become(1, 1, List.of(1, 2));
        Leading led = new Leading(1);
        assertThat(partition.append(led, records(0, 1), true, NOW_MS)).isInstanceOf(Appended.class);
        become(2, 2, List.of(1, 2));
        assertThat(partition.cutDiverging(new Following(2, 2), 1, 0, 0, NOW_MS)).isTrue();
        follow(2, 0, 2);

        assertThat(log.highWatermark()).isEqualTo(1);
        assertThat(partition.isCommitted(led, 1)).isFalse();
        partition.awaitCommit(led, new Noted(1, Long.MAX_VALUE));
        assertThat(outcomes).containsExactly(Errors.NOT_LEADER_OR_FOLLOWER);
    }

    @Test
    void a_leader_that_is_elected_again_takes_its_waits_along() {
        become(1, 1, List.of(1, 2));
        Leading led = new Leading(1);
        partition.append(led, records(0, 1), true, NOW_MS);
        partition.awaitCommit(led, new Noted(1, Long.MAX_VALUE));

        become(1, 2, List.of(1));

        assertThat(outcomes).containsExactly(Errors.NONE);
    }

    @Test
    void a_followers_position_counts_in_the_leaders_very_epoch_only() {
        become(1, 5, List.of(1, 2));
        partition.append(new Leading(5), records(0, 5), true, NOW_MS);

        assertThat(fetch(4)).isEqualTo(new FollowerRead.Refused(Errors.FENCED_LEADER_EPOCH));
        assertThat(fetch(-1)).isEqualTo(new FollowerRead.Refused(Errors.FENCED_LEADER_EPOCH));
        assertThat(fetch(6)).isEqualTo(new FollowerRead.Refused(Errors.UNKNOWN_LEADER_EPOCH));
        assertThat(log.highWatermark()).isZero();

        assertThat(fetch(5)).isInstanceOf(FollowerRead.Data.class);
        assertThat(log.highWatermark()).isEqualTo(1);
    }

    @Test
    void a_follower_joins_an_epoch_without_a_record_before_its_position_counts() {
        become(1, 5, List.of(1, 2));
        partition.append(new Leading(5), records(0, 5), true, NOW_MS);
        become(1, 6, List.of(1, 2));

        assertThat(fetch(6)).isEqualTo(new FollowerRead.Diverging(6, 1, 0, 0));
        assertThat(log.highWatermark()).isZero();

        assertThat(partition.readAsFollower(new FollowerFetch(2, 12, 6, 1, 6, 0, 1_000, true), true, 0)).isInstanceOf(
                FollowerRead.Data.class);
        assertThat(log.highWatermark()).isEqualTo(1);
    }

    /** Broker 2 has the first record. */
    private FollowerRead fetch(int leaderEpoch) {
        return partition.readAsFollower(new FollowerFetch(2, 12, leaderEpoch, 1, 5, 0, 1_000, true), true, 0);
    }

    private boolean become(int leader, int leaderEpoch, List<Integer> isr) {
        return partition.become(new PartitionImage(0, List.of(1, 2), isr, leader, leaderEpoch, leaderEpoch), Map.of(1,
                broker(1), 2, broker(2)), true);
    }

    /** Takes one record in from broker 2, which says that it is committed. */
    private void follow(int leaderEpoch, long offset, int recordsEpoch) {
        assertThat(partition.appendAsFollower(new Following(leaderEpoch, 2), offset, records(offset, recordsEpoch),
                offset + 1, 0, NOW_MS)).isEqualTo(Errors.NONE);
    }

    private static MemoryRecords records(long offset, int leaderEpoch) {
        return MemoryRecords.withRecords(offset, Compression.NONE, leaderEpoch, new SimpleRecord(NOW_MS, "a"
                .getBytes()));
    }

    private static BrokerImage broker(int id) {
        return new BrokerImage(id, 10 + id, "localhost", 9092 + id, "http://localhost:" + id, false);
    }

    private final class Noted extends CommitWait {
        Noted(long endOffset, long deadlineNanos) {
            super(endOffset, deadlineNanos);
        }

        @Override
        protected void ended(Errors outcome) {
            outcomes.add(outcome);
        }
    }
}
