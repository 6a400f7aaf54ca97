package io.millrace.broker.log;

import static io.millrace.broker.log.LogFixture.append;
import static io.millrace.broker.log.LogFixture.batch;
import static io.millrace.broker.log.LogFixture.clean;
import static io.millrace.broker.log.LogFixture.config;
import static io.millrace.broker.log.LogFixture.open;
import static io.millrace.broker.log.LogFixture.values;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.broker.log.Discarded.Reason;
import io.millrace.common.metadata.TopicConfig;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RecoveryTest {
    private static final TopicConfig CONFIG = config(600);
    private static final String FIRST_LOG = FileNames.of(0, FileNames.LOG);
    private static final String FIRST_INDEX = FileNames.of(0, FileNames.OFFSET_INDEX);
    private static final String FIRST_TIME_INDEX = FileNames.of(0, FileNames.TIME_INDEX);

    private final MemoryLogStore store = new MemoryLogStore();

    @Test
    void a_torn_tail_is_cut_at_the_last_whole_batch_wherever_it_is_torn() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        append(log, batch("a", "b"));
        append(log, batch("c"));
        int wholeBytes = store.content(FIRST_LOG).length;
        append(log, batch("d", "e", "f"));
        byte[] all = store.content(FIRST_LOG);

        for (int tornAt = wholeBytes; tornAt < all.length; tornAt++) {
            MemoryLogStore torn = new MemoryLogStore();
            torn.setContent(FIRST_LOG, Arrays.copyOf(all, tornAt));

            PartitionLog recovered = open(torn, config(1 << 20));

            assertThat(values(recovered)).as("torn at byte %d", tornAt).containsExactly("a", "b", "c");
            assertThat(torn.content(FIRST_LOG)).hasSize(wholeBytes);
            assertThat(append(recovered, batch("next")).baseOffset()).isEqualTo(3);
        }
    }

    @Test
    void a_flipped_byte_anywhere_in_the_last_batch_cuts_that_batch() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        append(log, batch("a", "b"));
        int wholeBytes = store.content(FIRST_LOG).length;
        append(log, batch("c", "d"));
        byte[] all = store.content(FIRST_LOG);

        for (int flipped = wholeBytes; flipped < all.length; flipped++) {
            boolean leaderEpoch = flipped >= wholeBytes + 12 && flipped < wholeBytes + 16;
            if (leaderEpoch) {
                // The only field outside of the checksum that no rule can know better.
                continue;
            }
            byte[] damaged = all.clone();
            damaged[flipped] ^= 0x55;
            MemoryLogStore torn = new MemoryLogStore();
            torn.setContent(FIRST_LOG, damaged);

            assertThat(values(open(torn, config(1 << 20)))).as("byte %d flipped", flipped).containsExactly("a", "b");
        }
    }

    @Test
    void a_tail_of_zeros_is_cut() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        append(log, batch("a"));
        byte[] whole = store.content(FIRST_LOG);
        store.setContent(FIRST_LOG, Arrays.copyOf(whole, whole.length + 4096));

        assertThat(values(open(store, config(1 << 20)))).containsExactly("a");
        assertThat(store.content(FIRST_LOG)).isEqualTo(whole);
    }

    @Test
    void what_follows_a_damaged_segment_is_removed() throws IOException {
        PartitionLog log = filled();
        List<String> before = values(log);
        byte[] damaged = store.content(FIRST_LOG);
        damaged[damaged.length - 1] ^= 1;
        store.setContent(FIRST_LOG, damaged);

        PartitionLog recovered = open(store, CONFIG);

        assertThat(recovered.segmentCount()).isOne();
        assertThat(recovered.logEndOffset()).isLessThan(log.logEndOffset());
        assertThat(recovered.discardedAtOpening()).extracting(Discarded::reason).startsWith(Reason.TORN_TAIL,
                Reason.DETACHED).hasSize(log.segmentCount());
        assertThat(values(recovered)).isEqualTo(before.subList(0, (int) recovered.logEndOffset()));
        assertThat(store.list()).filteredOn(name -> name.endsWith(FileNames.LOG)).containsExactly(FIRST_LOG);
    }

    @Test
    void a_cut_tail_is_reported() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        append(log, batch("a", "b"));
        byte[] whole = store.content(FIRST_LOG);
        store.setContent(FIRST_LOG, Arrays.copyOf(whole, whole.length + 7));

        assertThat(open(store, config(1 << 20)).discardedAtOpening()).containsExactly(new Discarded(FIRST_LOG, 7, 2,
                Reason.TORN_TAIL));
        assertThat(open(store, config(1 << 20)).discardedAtOpening()).isEmpty();
    }

    @Test
    void a_sealed_segment_that_lost_its_end_becomes_the_last_and_leaves_no_gap() throws IOException {
        PartitionLog log = filled();
        List<String> before = values(log);
        log.close();
        byte[] whole = store.content(FIRST_LOG);
        store.setContent(FIRST_LOG, Arrays.copyOf(whole, whole.length - 1));
        store.deleteIfExists(FIRST_INDEX);

        PartitionLog recovered = open(store, CONFIG, clean(log));

        assertThat(recovered.segmentCount()).isOne();
        assertThat(values(recovered)).isNotEmpty().isEqualTo(before.subList(0, (int) recovered.logEndOffset()));
        assertThat(recovered.recoveryPoint()).isEqualTo(recovered.logEndOffset());
        assertThat(recovered.discardedAtOpening()).hasSize(log.segmentCount()).extracting(Discarded::reason).startsWith(
                Reason.DAMAGED, Reason.DETACHED);
        assertThat(store.list()).filteredOn(name -> name.endsWith(FileNames.LOG)).containsExactly(FIRST_LOG);
        assertThat(append(recovered, batch("next")).baseOffset()).isEqualTo(recovered.logEndOffset() - 1);
        List<String> after = values(recovered);
        recovered.close();
        assertThat(values(open(store, CONFIG, clean(recovered)))).isEqualTo(after);
    }

    @Test
    void damage_before_the_recovery_point_is_not_looked_for() throws IOException {
        PartitionLog log = filled();
        log.flush(log.logEndOffset());
        byte[] damaged = store.content(FIRST_LOG);
        damaged[damaged.length - 1] ^= 1;
        store.setContent(FIRST_LOG, damaged);

        PartitionLog recovered = open(store.copy(), CONFIG, new LogOpening(false, log.recoveryPoint(), 0, 0));

        assertThat(recovered.logEndOffset()).isEqualTo(log.logEndOffset());
        assertThat(recovered.segmentCount()).isEqualTo(log.segmentCount());
    }

    @Test
    void a_segment_flushed_to_its_end_before_it_was_rolled_keeps_its_indexes() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        for (int i = 0; i < 20; i++) {
            append(log, batch(LogFixture.NOW_MS + i, "value" + i));
        }
        log.flush(log.logEndOffset());
        log.roll(LogFixture.NOW_MS);
        append(log, batch("next"));
        store.flushDirectory();
        byte[] index = store.content(FIRST_INDEX);
        byte[] timeIndex = store.content(FIRST_TIME_INDEX);

        for (int seed = 0; seed < 20; seed++) {
            MemoryLogStore crashed = store.crash(new Random(seed));
            open(crashed, config(1 << 20), new LogOpening(false, log.recoveryPoint(), 0, 0));

            assertThat(crashed.content(FIRST_INDEX)).isEqualTo(index);
            assertThat(crashed.content(FIRST_TIME_INDEX)).isEqualTo(timeIndex);
        }
    }

    @Test
    void missing_indexes_are_made_anew() throws IOException {
        PartitionLog log = filled();
        log.close();
        byte[] index = store.content(FIRST_INDEX);
        byte[] timeIndex = store.content(FIRST_TIME_INDEX);
        store.deleteIfExists(FIRST_INDEX);
        store.deleteIfExists(FIRST_TIME_INDEX);

        PartitionLog reopened = open(store, CONFIG, clean(log));

        assertThat(store.content(FIRST_INDEX)).isEqualTo(index).isNotEmpty();
        assertThat(store.content(FIRST_TIME_INDEX)).isEqualTo(timeIndex).isNotEmpty();
        assertThat(values(reopened)).hasSize(40);
    }

    @Test
    void damaged_indexes_are_made_anew_after_a_clean_shutdown_too() throws IOException {
        PartitionLog log = filled();
        log.close();
        for (String name : List.of(FIRST_INDEX, FIRST_TIME_INDEX)) {
            byte[] right = store.content(name);
            for (byte[] wrong : List.of(new byte[right.length], Arrays.copyOf(right, right.length - 1), Arrays.copyOf(
                    right, right.length + 24))) {
                MemoryLogStore damaged = store.copy();
                damaged.setContent(name, wrong);

                PartitionLog reopened = open(damaged, CONFIG, clean(log));

                assertThat(damaged.content(name)).as("%s of %d bytes", name, wrong.length).isEqualTo(right);
                assertThat(values(reopened)).hasSize(40);
            }
        }
    }

    @Test
    void a_damaged_index_of_the_growing_segment_is_made_anew() throws IOException {
        PartitionLog log = open(store, config(1 << 20));
        for (int i = 0; i < 30; i++) {
            append(log, batch("v" + i));
        }
        log.close();
        store.setContent(FIRST_INDEX, new byte[64]);

        PartitionLog reopened = open(store, config(1 << 20), clean(log));

        assertThat(values(reopened)).hasSize(30);
        assertThat(append(reopened, batch("next")).baseOffset()).isEqualTo(30);
    }

    @Test
    void leftovers_of_interrupted_deletions_and_orphan_indexes_are_removed() throws IOException {
        PartitionLog log = filled();
        log.close();
        for (String leftover : List.of("00000000000000000099.log.deleted", "00000000000000000098.log.cleaned",
                "00000000000000000097.log.swap",
                "leader-epoch-checkpoint.tmp", "00000000000000000096.index", "00000000000000000096.timeindex",
                "00000000000000000001.snapshot")) {
            store.setContent(leftover, new byte[]{1});
        }

        PartitionLog reopened = open(store, CONFIG, clean(log));

        assertThat(store.list()).noneMatch(name -> name.contains("0009") || name.endsWith(".tmp") || name.equals(
                "00000000000000000001.snapshot"));
        assertThat(values(reopened)).hasSize(40);
    }

    @Test
    void an_empty_last_segment_is_where_the_log_goes_on() throws IOException {
        PartitionLog log = open(store, CONFIG);
        append(log, batch("a"));
        log.roll(LogFixture.NOW_MS);

        PartitionLog recovered = open(store.copy(), CONFIG);

        assertThat(recovered.segmentCount()).isEqualTo(2);
        assertThat(append(recovered, batch("b")).baseOffset()).isEqualTo(1);
        assertThat(values(recovered)).containsExactly("a", "b");
    }

    @Test
    void a_missing_leader_epoch_checkpoint_is_made_anew_from_the_batches() throws IOException {
        PartitionLog log = open(store, CONFIG);
        append(log, batch("a", "b"), 3);
        append(log, batch("c"), 5);
        log.close();
        byte[] right = store.content(LeaderEpochs.FILE_NAME);
        store.deleteIfExists(LeaderEpochs.FILE_NAME);

        PartitionLog reopened = open(store, CONFIG, clean(log));

        assertThat(store.content(LeaderEpochs.FILE_NAME)).isEqualTo(right).asString().isEqualTo("0\n2\n3 0\n5 2\n");
        assertThat(reopened.endOffsetForEpoch(3)).isEqualTo(new EpochEndOffset(3, 2));
    }

    @Test
    void a_log_start_beyond_the_recovered_end_begins_the_log_there() throws IOException {
        PartitionLog log = open(store, CONFIG);
        append(log, batch("a", "b"));

        PartitionLog recovered = open(store.copy(), CONFIG, new LogOpening(false, 0, 10, 10));

        assertThat(recovered.logStartOffset()).isEqualTo(10);
        assertThat(recovered.discardedAtOpening()).extracting(Discarded::reason).containsExactly(
                Reason.BEFORE_LOG_START);
        assertThat(append(recovered, batch("c")).baseOffset()).isEqualTo(10);
    }

    private PartitionLog filled() throws IOException {
        PartitionLog log = open(store, CONFIG);
        for (int i = 0; i < 40; i++) {
            append(log, batch(LogFixture.NOW_MS + i, "value" + i));
        }
        assertThat(log.segmentCount()).isGreaterThan(3);
        return log;
    }
}
