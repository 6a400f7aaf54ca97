package io.millrace.coordinator.instance;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.coordinator.group.PartitionId;
import io.millrace.coordinator.instance.ReadProgress.Range;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class ReadProgressTest {
    private static final PartitionId ONE = new PartitionId(new UUID(0, 1), 0);
    private static final PartitionId TWO = new PartitionId(new UUID(0, 1), 1);
    private static final SortedSet<PartitionId> BOTH = PartitionId.sorted(List.of(ONE, TWO));

    private final ReadProgress progress = new ReadProgress(0);

    @Test
    void what_a_poll_delivered_is_committed_only_after_the_client_came_back() {
        known(10L, 20L);
        progress.beginPoll(null, BOTH);
        progress.delivered(Map.of(ONE, 15L), Map.of(), true);
        assertThat(progress.uncommitted(BOTH)).isEmpty();

        progress.confirm();

        assertThat(progress.uncommitted(BOTH)).isEqualTo(Map.of(ONE, 15L));
        progress.committed(Map.of(ONE, 15L));
        assertThat(progress.uncommitted(BOTH)).isEmpty();
    }

    @Test
    void the_next_poll_begins_where_the_last_one_ended() {
        known(10L, 20L);
        progress.beginPoll(null, BOTH);
        progress.delivered(Map.of(ONE, 15L), Map.of(), true);

        assertThat(progress.beginPoll(null, BOTH)).isEqualTo(Map.of(ONE, new Range(15L, null), TWO, new Range(20L,
                null)));
    }

    @Test
    void a_poll_whose_answer_was_lost_is_not_confirmed_and_the_next_one_begins_where_it_did() {
        known(10L, 20L);
        progress.beginPoll("p1", BOTH);
        progress.delivered(Map.of(ONE, 15L), Map.of(), true);

        progress.answered(false);
        progress.confirm();

        assertThat(progress.uncommitted(BOTH)).isEmpty();
        assertThat(progress.beginPoll("p2", BOTH)).isEqualTo(Map.of(ONE, new Range(10L, null), TWO, new Range(20L,
                null)));
    }

    @Test
    void a_poll_whose_answer_was_lost_begins_again_where_the_reset_had_found_its_start() {
        known(null, 20L);
        progress.beginPoll(null, BOTH);
        progress.delivered(Map.of(ONE, 15L), Map.of(ONE, 3L), true);

        progress.answered(false);

        assertThat(progress.beginPoll(null, BOTH)).containsEntry(ONE, new Range(3L, null));
    }

    @Test
    void a_poll_of_the_same_name_repeats_exactly_what_was_delivered() {
        known(10L, 20L);
        progress.beginPoll("p1", BOTH);
        progress.delivered(Map.of(ONE, 15L), Map.of(), true);

        assertThat(progress.repeats("p1")).isTrue();
        assertThat(progress.beginPoll("p1", BOTH)).isEqualTo(Map.of(ONE, new Range(10L, 15L)));
        progress.delivered(Map.of(ONE, 15L), Map.of(), true);
        assertThat(progress.beginPoll("p1", BOTH)).isEqualTo(Map.of(ONE, new Range(10L, 15L)));
        progress.delivered(Map.of(ONE, 15L), Map.of(), true);
        assertThat(progress.beginPoll("p2", BOTH)).isEqualTo(Map.of(ONE, new Range(15L, null), TWO, new Range(20L,
                null)));
    }

    @Test
    void a_poll_that_delivered_nothing_is_not_repeated_but_goes_on() {
        known(10L, 20L);
        progress.beginPoll("p1", BOTH);

        assertThat(progress.repeats("p1")).isFalse();
        assertThat(progress.beginPoll("p1", BOTH)).hasSize(2);
    }

    @Test
    void a_start_that_the_reset_found_is_where_the_repeated_poll_begins() {
        known(null, null);
        progress.beginPoll("p1", BOTH);
        progress.delivered(Map.of(ONE, 105L, TWO, 7L), Map.of(ONE, 100L, TWO, 7L), true);

        assertThat(progress.beginPoll("p1", BOTH)).isEqualTo(Map.of(ONE, new Range(100L, 105L)));
        assertThat(progress.beginPoll("p2", BOTH).get(TWO)).isEqualTo(new Range(7L, null));
    }

    @Test
    void where_the_reset_had_found_the_log_to_begin_a_lost_answer_begins_again() {
        known(5L, 500L);
        progress.beginPoll(null, BOTH);
        progress.delivered(Map.of(ONE, 110L, TWO, 20L), Map.of(ONE, 100L, TWO, 10L), true);

        progress.answered(false);

        assertThat(progress.beginPoll(null, BOTH)).isEqualTo(Map.of(ONE, new Range(100L, null), TWO, new Range(10L,
                null)));
    }

    @Test
    void what_a_repeated_poll_leaves_out_the_next_one_gives() {
        known(10L, 20L);
        progress.beginPoll("p1", BOTH);
        progress.delivered(Map.of(ONE, 15L, TWO, 25L), Map.of(), true);
        progress.answered(true);
        progress.beginPoll("p1", BOTH);
        progress.delivered(Map.of(ONE, 15L), Map.of(), true);
        progress.answered(true);
        progress.confirm();

        assertThat(progress.beginPoll("p2", BOTH)).isEqualTo(Map.of(ONE, new Range(15L, null), TWO, new Range(20L,
                null)));
        assertThat(progress.uncommitted(BOTH)).isEqualTo(Map.of(ONE, 15L));
    }

    @Test
    void a_seek_moves_on_ends_the_poll_under_way_and_is_committed() {
        known(10L, 20L);
        progress.beginPoll("p1", BOTH);
        long pollNumber = progress.pollNumber();

        progress.seek(Map.of(ONE, 3L));

        assertThat(progress.pollNumber()).isNotEqualTo(pollNumber);
        assertThat(progress.repeats("p1")).isFalse();
        assertThat(progress.uncommitted(BOTH)).isEqualTo(Map.of(ONE, 3L));
        assertThat(progress.beginPoll(null, BOTH).get(ONE)).isEqualTo(new Range(3L, null));
    }

    @Test
    void a_partition_that_comes_back_is_looked_up_again() {
        known(10L, 20L);

        progress.keepOnly(PartitionId.sorted(List.of(TWO)));

        assertThat(progress.unknown(BOTH)).containsExactly(ONE);
    }

    @Test
    void a_partition_without_a_commit_is_looked_up_once() {
        known(null, 20L);

        assertThat(progress.unknown(BOTH)).isEmpty();
        assertThat(progress.beginPoll(null, BOTH).get(ONE)).isEqualTo(new Range(null, null));
    }

    @Test
    void what_the_client_is_done_with_is_to_be_kept_where_nothing_else_tells_it() {
        known(10L, 20L);
        assertThat(progress.unkept(BOTH, Map.of())).as("as committed").isEmpty();
        progress.beginPoll(null, BOTH);
        progress.delivered(Map.of(ONE, 15L), Map.of(), true);
        assertThat(progress.unkept(BOTH, Map.of())).as("not confirmed").isEmpty();

        progress.confirm();

        assertThat(progress.unkept(BOTH, Map.of())).isEqualTo(Map.of(ONE, 15L));
        assertThat(progress.unkept(BOTH, Map.of(ONE, new Kept(15, null, null)))).isEmpty();
        assertThat(progress.unkept(BOTH, Map.of(ONE, new Kept(12, null, null), TWO, new Kept(12, null, null))))
                .isEqualTo(Map.of(ONE, 15L, TWO, 20L));
        assertThat(progress.unkept(List.of(TWO), Map.of())).isEmpty();
    }

    @Test
    void a_commit_ahead_of_what_was_delivered_keeps_no_more_than_that() {
        known(10L, 20L);
        progress.beginPoll(null, BOTH);
        progress.delivered(Map.of(ONE, 15L), Map.of(), true);

        progress.confirm(ONE, 1_000L);

        assertThat(progress.unkept(BOTH, Map.of())).isEqualTo(Map.of(ONE, 15L));
    }

    /** How a poll's answer fares on its way. */
    private enum Way {
        GOT, LOST_AFTER_US, GIVEN_UP, GOT_BUT_UNTOLD, LOST_WITH_ITS_GATEWAY
    }

    /**
     * A client that loses replies and repeats polls, by name or without, or dies and is replaced, and whose gateways die in the middle of
     * their answers, sees every offset and never has one committed that it did not see.
     */
    @Test
    void no_offset_is_skipped_or_committed_unseen_whatever_replies_are_lost() {
        for (long seed = 0; seed < 2_000; seed++) {
            var random = new SplittableRandom(seed);
            boolean named = random.nextBoolean();
            var committed = new HashMap<PartitionId, Long>();
            long seenUpTo = 0;
            var reader = new ReadProgress(0);
            int poll = 0;
            boolean repeats = false;
            boolean told = true;
            boolean whole = true;
            for (int i = 0; i < 60; i++) {
                if (random.nextInt(12) == 0) {
                    reader = new ReadProgress(0);
                    repeats = false;
                    poll++;
                }
                if (!reader.unknown(PartitionId.sorted(List.of(ONE))).isEmpty()) {
                    Long known = committed.getOrDefault(ONE, 0L);
                    reader.lookedUp(ONE, known, known);
                }
                String name = named ? "p" + (repeats ? poll : ++poll) : null;
                if (!reader.repeats(name)) {
                    if (reader.awaitsAnswer()) {
                        reader.answered(told && whole);
                    }
                    reader.confirm();
                }
                Range range = reader.beginPoll(name, PartitionId.sorted(List.of(ONE))).get(ONE);
                assertThat(range.start()).as("seed %d", seed).isNotNull().isLessThanOrEqualTo(seenUpTo);
                long end = range.end() != null ? range.end() : range.start() + random.nextInt(4);
                reader.delivered(Map.of(ONE, end), Map.of(), true);
                Way way = Way.values()[random.nextInt(Way.values().length)];
                // What is lost on the network, after it went out, only the client knows.
                way = way == Way.LOST_AFTER_US && !named ? Way.GOT : way;
                told = way != Way.GOT_BUT_UNTOLD && way != Way.LOST_WITH_ITS_GATEWAY;
                whole = way != Way.GIVEN_UP;
                boolean got = way == Way.GOT || way == Way.GOT_BUT_UNTOLD;
                repeats = way == Way.LOST_AFTER_US || !got && random.nextBoolean();
                if (got) {
                    seenUpTo = Math.max(seenUpTo, end);
                    if (random.nextInt(4) == 0) {
                        reader.confirm(ONE, end);
                    }
                }
                if (random.nextInt(3) == 0) {
                    Map<PartitionId, Long> due = reader.uncommitted(List.of(ONE));
                    committed.putAll(due);
                    reader.committed(due);
                    assertThat(committed.getOrDefault(ONE, 0L)).as("seed %d", seed).isLessThanOrEqualTo(seenUpTo);
                }
            }
        }
    }

    private void known(Long one, Long two) {
        progress.lookedUp(ONE, one, one);
        progress.lookedUp(TWO, two, two);
    }
}
