package io.millrace.workbench.groups;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LedgerTest {
    private final Ledger ledger = new Ledger(6);

    private static List<TopicPartition> partitions(Integer... partitions) {
        return Arrays.stream(partitions).map(partition -> new TopicPartition("orders", partition)).toList();
    }

    @BeforeEach
    void two_members_with_three_partitions_each() {
        ledger.join(1);
        ledger.join(2);
        ledger.assigned(1, partitions(0, 1, 2));
        ledger.assigned(2, partitions(3, 4, 5));
        ledger.beginChange();
    }

    private Change settled() throws Exception {
        ledger.awaitSettled(Duration.ZERO);
        return ledger.change(Duration.ZERO);
    }

    @Test
    void what_a_newcomer_must_have_stops_for_something() throws Exception {
        ledger.join(3);
        ledger.revoked(1, partitions(0));
        ledger.revoked(2, partitions(5));
        ledger.assigned(3, partitions(0, 5));

        Change change = settled();
        assertThat(change.moved()).isEqualTo(2);
        assertThat(change.stoppedForNothing()).isZero();
    }

    @Test
    void what_comes_back_to_its_reader_stopped_for_nothing() throws Exception {
        ledger.join(3);
        ledger.revoked(1, partitions(0, 1));
        ledger.revoked(2, partitions(5));
        ledger.assigned(3, partitions(0, 5));
        ledger.assigned(1, partitions(1));

        Change change = settled();
        assertThat(change.regained()).isEqualTo(1);
        assertThat(change.stoppedForNothing()).isEqualTo(1);
    }

    @Test
    void what_goes_from_one_that_stays_to_another_without_need_stopped_for_nothing() throws Exception {
        ledger.revoked(1, partitions(0));
        ledger.revoked(2, partitions(5));
        ledger.assigned(1, partitions(5));
        ledger.assigned(2, partitions(0));

        Change change = settled();
        assertThat(change.moved()).isEqualTo(2);
        assertThat(change.mustMove()).isZero();
        assertThat(change.stoppedForNothing()).isEqualTo(2);
    }

    @Test
    void what_the_dead_had_did_not_stop_for_nothing_and_was_without_a_reader() throws Exception {
        ledger.leave(2);
        ledger.revoked(2, partitions(3, 4, 5));
        ledger.assigned(1, partitions(3, 4, 5));

        Change change = settled();
        assertThat(change.stoppedForNothing()).isZero();
        assertThat(change.moved()).isZero();
        assertThat(change.longestPause()).isPositive();
    }

    @Test
    void two_readers_of_a_partition_at_once_are_told() {
        ledger.assigned(1, partitions(3));

        assertThat(ledger.doubles()).singleElement().asString().contains("orders-3");
    }
}
