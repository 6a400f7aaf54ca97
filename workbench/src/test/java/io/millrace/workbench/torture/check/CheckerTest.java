package io.millrace.workbench.torture.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.workbench.torture.check.Anomaly.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CheckerTest {
    private static final int IDEMPOTENT = 1;
    private static final int PLAIN = 2;
    private static final int READER = 7;
    private static final Place PLACE = new Place("t", 0);
    private static final Place OTHER = new Place("t", 1);

    private final List<Event> events = new ArrayList<>();

    private Verdict judge() {
        return Checker.judge(new History(events, Set.of(IDEMPOTENT)));
    }

    private static Write write(int producer, long sequence) {
        return new Write(producer, sequence);
    }

    private void acknowledged(Write write, long offset) {
        events.add(new Event.Acknowledged(0, write, PLACE, offset));
    }

    private void read(int reader, long offset, Write write) {
        events.add(new Event.Read(reader, PLACE, offset, Event.NO_EPOCH, write));
    }

    /** The log at the end, from offset 0 on. */
    private void log(Write... writes) {
        for (int offset = 0; offset < writes.length; offset++) {
            read(History.FINAL_READER, offset, writes[offset]);
        }
        events.add(new Event.Bounds(PLACE, 0, writes.length));
    }

    private void assertOnly(Kind kind) {
        assertThat(judge().counts()).containsOnlyKeys(kind);
        assertThat(judge().anomalies()).allMatch(anomaly -> anomaly.kind() == kind);
    }

    @Test
    void an_empty_history_is_clean() {
        assertThat(judge().isClean()).isTrue();
    }

    @Test
    void what_a_log_does_is_clean() {
        acknowledged(write(IDEMPOTENT, 0), 0);
        acknowledged(write(PLAIN, 0), 1);
        events.add(new Event.HighWatermark(READER, PLACE, 1));
        read(READER, 0, write(IDEMPOTENT, 0));
        events.add(new Event.HighWatermark(READER, PLACE, 2));
        events.add(new Event.HighWatermark(READER, OTHER, 0));
        events.add(new Event.HighWatermark(READER + 1, PLACE, 0));
        acknowledged(write(IDEMPOTENT, 2), 2);
        events.add(new Event.Leader("broker-0", PLACE, 0, 0));
        events.add(new Event.Leader("broker-1", PLACE, 1, 1));
        events.add(new Event.Leader("broker-2", PLACE, 0, 0));
        events.add(new Event.Leader("broker-2", OTHER, 0, 2));
        events.add(new Event.CommitRead("g", PLACE, 0, events.size()));
        events.add(new Event.Committed("g", PLACE, 2));
        events.add(new Event.CommitRead("g", PLACE, 2, events.size()));
        events.add(new Event.CommitRead("other", PLACE, 0, events.size()));
        log(write(IDEMPOTENT, 0), write(PLAIN, 0), write(IDEMPOTENT, 2));
        assertThat(judge().anomalies()).isEmpty();
        assertThat(judge().isClean()).isTrue();
    }

    @Test
    void an_acknowledged_write_that_is_not_there_is_lost() {
        acknowledged(write(IDEMPOTENT, 0), 0);
        acknowledged(write(IDEMPOTENT, 1), 1);
        log(write(IDEMPOTENT, 0));
        assertOnly(Kind.LOST);
        assertThat(judge().anomalies().getFirst().what()).contains("w1-1").contains("t-0@1");
    }

    @Test
    void a_write_of_unknown_outcome_may_be_missing_or_there() {
        events.add(new Event.Unknown(write(PLAIN, 0)));
        events.add(new Event.Unknown(write(PLAIN, 1)));
        log(write(PLAIN, 1));
        assertThat(judge().isClean()).isTrue();
    }

    @Test
    void a_record_that_was_read_once_and_is_gone_has_vanished() {
        read(READER, 0, write(IDEMPOTENT, 0));
        read(READER, 1, write(IDEMPOTENT, 1));
        read(READER + 1, 1, write(IDEMPOTENT, 1));
        log(write(IDEMPOTENT, 0));
        assertOnly(Kind.VANISHED);
        assertThat(judge().counts()).containsEntry(Kind.VANISHED, 1);
    }

    @Test
    void a_write_of_an_idempotent_producer_stands_once() {
        events.add(new Event.Unknown(write(IDEMPOTENT, 0)));
        log(write(IDEMPOTENT, 0), write(IDEMPOTENT, 0));
        assertOnly(Kind.DUPLICATE);
    }

    @Test
    void a_write_stands_in_one_partition() {
        log(write(IDEMPOTENT, 0));
        events.add(new Event.Read(History.FINAL_READER, OTHER, 0, Event.NO_EPOCH, write(IDEMPOTENT, 0)));
        events.add(new Event.Bounds(OTHER, 0, 1));
        assertOnly(Kind.DUPLICATE);
    }

    @Test
    void a_write_that_was_sent_again_as_its_outcome_was_unknown_may_stand_twice() {
        events.add(new Event.Unknown(write(PLAIN, 0)));
        acknowledged(write(PLAIN, 0), 1);
        acknowledged(write(PLAIN, 1), 2);
        log(write(PLAIN, 0), write(PLAIN, 0), write(PLAIN, 1), write(PLAIN, 0));
        assertThat(judge().isClean()).isTrue();
    }

    @Test
    void a_write_that_was_sent_once_stands_once() {
        acknowledged(write(PLAIN, 0), 0);
        log(write(PLAIN, 0), write(PLAIN, 0));
        assertOnly(Kind.DUPLICATE);
    }

    @Test
    void two_readers_that_see_two_values_at_one_offset_are_found() {
        read(READER, 0, write(IDEMPOTENT, 1));
        read(READER + 1, 0, write(IDEMPOTENT, 0));
        log(write(IDEMPOTENT, 0));
        assertOnly(Kind.INCONSISTENT_OFFSET);
    }

    @Test
    void an_acknowledgement_names_the_offset_where_the_write_stands() {
        acknowledged(write(IDEMPOTENT, 1), 0);
        log(write(IDEMPOTENT, 0), write(IDEMPOTENT, 1));
        assertOnly(Kind.INCONSISTENT_OFFSET);
    }

    @Test
    void writes_of_an_idempotent_producer_stand_in_the_order_they_were_sent_in_acknowledged_or_not() {
        log(write(IDEMPOTENT, 1), write(IDEMPOTENT, 0));
        assertOnly(Kind.REORDER);
    }

    @Test
    void a_write_stands_behind_those_that_were_acknowledged_before_it_was_sent() {
        acknowledged(write(PLAIN, 0), 1);
        acknowledged(write(PLAIN, 1), 0);
        log(write(PLAIN, 1), write(PLAIN, 0));
        assertOnly(Kind.REORDER);
    }

    @Test
    void a_write_of_unknown_outcome_may_be_stored_late() {
        events.add(new Event.Unknown(write(PLAIN, 0)));
        acknowledged(write(PLAIN, 1), 0);
        log(write(PLAIN, 1), write(PLAIN, 0));
        assertThat(judge().isClean()).isTrue();
    }

    @Test
    void gaps_are_found_at_the_start_within_and_at_the_end() {
        read(History.FINAL_READER, 1, write(IDEMPOTENT, 1));
        read(History.FINAL_READER, 4, write(IDEMPOTENT, 4));
        events.add(new Event.Bounds(PLACE, 0, 6));
        assertOnly(Kind.GAP);
        assertThat(judge().anomalies()).extracting(Anomaly::what).containsExactly("t-0 has nothing from 0 to 0",
                "t-0 has nothing from 2 to 3", "t-0 has nothing from 5 to 5");
    }

    @Test
    void a_partition_of_which_nothing_was_read_is_one_gap() {
        events.add(new Event.Bounds(PLACE, 0, 2));
        assertOnly(Kind.GAP);
    }

    @Test
    void a_high_watermark_that_goes_back_at_one_reader_is_found() {
        events.add(new Event.HighWatermark(READER, PLACE, 10));
        events.add(new Event.HighWatermark(READER, PLACE, 9));
        assertOnly(Kind.HIGH_WATERMARK_BACK);
    }

    @Test
    void a_record_of_an_earlier_epoch_behind_one_of_a_later_is_found() {
        events.add(new Event.Read(History.FINAL_READER, PLACE, 0, 3, write(IDEMPOTENT, 0)));
        events.add(new Event.Read(History.FINAL_READER, PLACE, 1, 2, write(IDEMPOTENT, 1)));
        events.add(new Event.Bounds(PLACE, 0, 2));
        assertOnly(Kind.EPOCH_BACK);
    }

    @Test
    void two_leaders_in_one_epoch_are_found() {
        events.add(new Event.Leader("broker-0", PLACE, 4, 0));
        events.add(new Event.Leader("broker-1", PLACE, 4, 1));
        assertOnly(Kind.TWO_LEADERS);
    }

    @Test
    void a_commit_that_is_read_lower_than_it_was_acknowledged_is_found() {
        events.add(new Event.Committed("g", PLACE, 5));
        events.add(new Event.CommitRead("g", PLACE, 4, 1));
        assertOnly(Kind.COMMIT_BACK);
    }

    @Test
    void a_commit_that_is_read_lower_than_it_was_read_before_is_found() {
        events.add(new Event.CommitRead("g", PLACE, 5, 0));
        events.add(new Event.CommitRead("g", PLACE, 4, 1));
        assertOnly(Kind.COMMIT_BACK);
    }

    @Test
    void a_read_that_was_asked_for_before_a_commit_was_acknowledged_may_miss_it() {
        events.add(new Event.Committed("g", PLACE, 3));
        events.add(new Event.Committed("g", PLACE, 5));
        events.add(new Event.CommitRead("g", PLACE, 3, 1));
        assertThat(judge().isClean()).isTrue();
    }

    @Test
    void all_anomalies_are_counted_and_the_first_of_a_kind_are_kept() {
        for (int sequence = 0; sequence < 2 * Verdict.KEPT_OF_A_KIND; sequence++) {
            acknowledged(write(IDEMPOTENT, sequence), sequence);
        }
        assertThat(judge().counts()).containsEntry(Kind.LOST, 2 * Verdict.KEPT_OF_A_KIND);
        assertThat(judge().anomalies()).hasSize(Verdict.KEPT_OF_A_KIND);
    }

    @Test
    void a_write_is_its_own_text_in_quotes_or_not() {
        assertThat(Write.parse(write(3, 17).toString())).isEqualTo(write(3, 17));
        assertThat(Write.parse("\"w3-17\"")).isEqualTo(write(3, 17));
    }
}
