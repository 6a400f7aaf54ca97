package io.millrace.coordinator.instance;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.coordinator.group.PartitionId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.SplittableRandom;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class KeptTest {
    private static final PartitionId ONE = new PartitionId(new UUID(0, 1), 0);
    private static final SortedSet<PartitionId> OWNED = PartitionId.sorted(List.of(ONE));

    @Test
    void what_is_kept_counts_until_something_is_committed() {
        var before = new Kept.Committed(50, 7);
        var kept = new Kept(3, before, null);

        assertThat(Kept.position(kept, before)).isEqualTo(3);
        assertThat(Kept.position(kept, new Kept.Committed(60, 9))).isEqualTo(60);
        assertThat(Kept.position(kept, new Kept.Committed(50, 9))).isEqualTo(50);
        assertThat(Kept.position(kept, null)).isEqualTo(3);
        assertThat(Kept.position(new Kept(3, null, null), null)).isEqualTo(3);
        assertThat(Kept.position(null, before)).isEqualTo(50);
        assertThat(Kept.position(null, null)).isNull();
    }

    @Test
    void a_seek_is_later_than_the_polls_before_it_and_than_those_of_other_terms() {
        var sought = new Kept(3, null, 1_000L);

        assertThat(sought.isSoughtSince(1_000)).isTrue();
        assertThat(sought.isSoughtSince(998)).isTrue();
        assertThat(sought.isSoughtSince(1_002)).isFalse();
        assertThat(sought.isSoughtSince(1L << 60)).isTrue();
        assertThat(new Kept(3, null, null).isSoughtSince(1_000)).isFalse();
    }

    /**
     * A client reads a growing log from its end, seeks, commits by itself or at intervals, has answers lost, and loses the partition to
     * others for a while; its coordinator dies at any moment. It is never granted anything beyond the next record that it has to see,
     * nor anything before where it last began.
     */
    @Test
    void no_record_is_skipped_whenever_coordinators_die() {
        for (long seed = 0; seed < 2_000; seed++) {
            var run = new Run(seed);
            for (int step = 0; step < 80; step++) {
                run.step();
            }
        }
    }

    private static final class Run {
        private final long seed;
        private final SplittableRandom random;
        private final boolean autoCommit;
        private long logEnd;
        /** What outlives a coordinator. */
        private Kept.@Nullable Committed committed;
        private final Map<PartitionId, @Nullable Kept> stored = new HashMap<>();
        private long commits;
        private ReadProgress reader;
        private boolean toldWhole;
        /** The client's: the next record that it has to see, null before it was told of a place to begin; and that place. */
        private @Nullable Long next;
        private long began;

        Run(long seed) {
            this.seed = seed;
            this.random = new SplittableRandom(seed);
            this.autoCommit = random.nextBoolean();
            this.reader = new ReadProgress(random.nextLong(1L << 62));
        }

        void step() {
            logEnd += random.nextInt(5);
            switch (random.nextInt(16)) {
                case 0 -> takeOver();
                case 1 -> seek();
                case 2 -> commitByClient();
                case 3, 4 -> atInterval();
                case 5 -> loseForAWhile();
                default -> poll();
            }
        }

        private void takeOver() {
            reader = new ReadProgress(random.nextLong(1L << 62));
        }

        private void seek() {
            long offset = random.nextLong(logEnd + 1);
            stored.put(ONE, new Kept(offset, committed, reader.lastPollBeforeSeeks()));
            if (random.nextInt(4) > 0) {
                reader.seek(Map.of(ONE, offset));
            } else {
                // Stored and answered, and that was all.
                takeOver();
            }
            next = offset;
            began = offset;
        }

        private void commitByClient() {
            if (next != null) {
                reader.confirm(ONE, next);
                commit(next);
            }
        }

        private void atInterval() {
            if (autoCommit) {
                SortedMap<PartitionId, Long> due = reader.uncommitted(OWNED);
                due.values().forEach(this::commit);
                reader.committed(due);
            } else {
                reader.unkept(OWNED, stored).values().forEach(offset -> stored.put(ONE, new Kept(offset, committed,
                        null)));
            }
        }

        private void commit(long offset) {
            committed = new Kept.Committed(offset, ++commits);
        }

        private void loseForAWhile() {
            if (autoCommit) {
                atInterval();
            }
            reader.keepOnly(PartitionId.sorted(List.of()));
            stored.clear();
            if (random.nextBoolean()) {
                commit(random.nextLong(logEnd + 1));
            }
            next = committed == null ? null : committed.next();
            began = committed == null ? 0 : committed.next();
        }

        private void poll() {
            if (reader.awaitsAnswer()) {
                reader.answered(toldWhole);
            }
            reader.confirm();
            if (!reader.unknown(OWNED).isEmpty()) {
                reader.lookedUp(ONE, committed == null ? null : committed.next(), Kept.position(stored.get(ONE),
                        committed));
            }
            Long start = reader.beginPoll(null, OWNED).get(ONE).start();
            Map<PartitionId, Long> starts = Map.of();
            if (start == null) {
                assertThat(next).as("seed %d: told of a place that is not known any more", seed).isNull();
                start = logEnd;
                starts = Map.of(ONE, start);
                began = start;
                stored.put(ONE, new Kept(start, committed, null));
                if (random.nextInt(8) == 0) {
                    takeOver();
                    return;
                }
            } else {
                assertThat(start).as("seed %d", seed).isBetween(began, next == null ? logEnd : next);
            }
            // Records that were there and records that come while it waits.
            logEnd += random.nextInt(3);
            long end = Math.min(logEnd, start + random.nextInt(6));
            boolean isAnswer = end > start;
            reader.delivered(Map.of(ONE, end), starts, isAnswer);
            boolean got = random.nextInt(4) > 0;
            toldWhole = got && random.nextInt(4) > 0;
            if (got) {
                next = next == null ? end : Math.max(next, end);
            }
        }
    }
}
