package io.millrace.broker.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.broker.log.AppendResult;
import io.millrace.broker.log.AppendResult.Appended;
import io.millrace.broker.log.AppendResult.Refused;
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
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicReference;
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
    private static final Executor OWN_THREADS = task -> Thread.ofPlatform().daemon().start(task);
    private static final TopicConfig ZSTD = TopicConfig.ofStored(Map.of("compression.type", "zstd"));

    private final MemoryLogStore store = new MemoryLogStore();
    private final List<Errors> outcomes = new ArrayList<>();
    private PartitionLog log;
    private Partition partition;

    @BeforeEach
    void open() throws IOException {
        open(new DecompressionBuffers());
    }

    private static LogSettings settings(DecompressionBuffers buffers) {
        return new LogSettings(buffers, 86_400_000, new KeyLimits(660_000, 1000, new KeyMemory(1 << 27, 1)), _ -> {});
    }

    private void open(DecompressionBuffers buffers) throws IOException {
        log = PartitionLog.open(store, TopicConfig.DEFAULT, settings(buffers), LogOpening.UNKNOWN, NOW_MS);
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

    @Test
    void the_part_changes_while_an_append_waits_to_be_compressed_anew() throws Exception {
        DecompressionBuffers buffers = new DecompressionBuffers(64, Duration.ofMinutes(1));
        CountDownLatch written = new CountDownLatch(1);
        CompletableFuture<AppendResult> holder = writesOnlyAfter(written, buffers);
        open(buffers);
        log.updateConfig(ZSTD);
        become(1, 1, List.of(1, 2));
        AtomicReference<AppendResult> appended = new AtomicReference<>();
        Thread producer = Thread.ofPlatform().daemon().start(() -> appended.set(partition.append(new Leading(1),
                records(0, 1), false, NOW_MS)));
        await().until(producer::getState, Thread.State.WAITING::equals);

        CompletableFuture<Boolean> changed = CompletableFuture.supplyAsync(() -> become(2, 2, List.of(1, 2)),
                OWN_THREADS);

        assertThat(changed).succeedsWithin(Duration.ofSeconds(20)).isEqualTo(true);
        written.countDown();
        assertThat(holder).succeedsWithin(Duration.ofSeconds(20)).isInstanceOf(Appended.class);
        producer.join();
        assertThat(appended.get()).isInstanceOfSatisfying(Refused.class, refused -> assertThat(refused.error())
                .isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER));
        assertThat(log.logEndOffset()).isZero();
    }

    /** An append to another log that was compressed anew, and has some of the memory for that until it is written. */
    private static CompletableFuture<AppendResult> writesOnlyAfter(CountDownLatch latch, DecompressionBuffers buffers)
            throws Exception {
        PartitionLog other = PartitionLog.open(new MemoryLogStore(), ZSTD, settings(buffers), LogOpening.UNKNOWN,
                NOW_MS);
        CountDownLatch compressed = new CountDownLatch(1);
        CompletableFuture<AppendResult> result = CompletableFuture.supplyAsync(() -> other.appendAsLeader(records(0, 1),
                1, NOW_MS, (_, store) -> {
                    compressed.countDown();
                    try {
                        latch.await();
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                    return store.get();
                }), OWN_THREADS);
        compressed.await();
        return result;
    }

    @Test
    void readers_are_told_how_much_was_stored_not_how_much_was_sent() {
        log.updateConfig(TopicConfig.ofStored(Map.of("compression.type", "gzip")));
        become(1, 1, List.of(1));
        List<Integer> grown = new ArrayList<>();
        for (ReadLimit limit : ReadLimit.values()) {
            partition.addListener(new GrowthListener() {
                @Override
                public void grew(int bytes) {
                    grown.add(bytes);
                }

                @Override
                public void leadershipChanged() {}

                @Override
                public void startMoved() {}
            }, limit);
        }
        MemoryRecords sent = MemoryRecords.withRecords(Compression.NONE, new SimpleRecord("a".repeat(50_000)
                .getBytes(StandardCharsets.UTF_8)));

        partition.append(new Leading(1), sent, false, NOW_MS);

        assertThat(log.sizeBytes()).isLessThan(1_000);
        assertThat(grown).hasSize(2).containsOnly((int) log.sizeBytes());
    }

    @Test
    void records_are_deleted_on_request_unless_they_are_kept_by_key() {
        become(1, 1, List.of(1));
        partition.append(new Leading(1), records(0, 1), false, NOW_MS);

        log.updateConfig(TopicConfig.ofStored(Map.of("cleanup.policy", "compact")));
        assertThat(partition.deleteRecords(new Leading(1), 1)).isEqualTo(new Deletion.Refused(
                Errors.POLICY_VIOLATION));

        log.updateConfig(TopicConfig.ofStored(Map.of("cleanup.policy", "")));
        assertThat(partition.deleteRecords(new Leading(1), 1)).isEqualTo(new Deletion.Low(1));
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
