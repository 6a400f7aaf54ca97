package io.millrace.gateway.brokers;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LeaderEpochsTest {
    private final LeaderEpochs epochs = new LeaderEpochs(100);

    @Test
    void a_partition_begins_with_any_epoch_and_rises() {
        assertThat(epochs.isCurrent(3, 7, 0)).isTrue();
        assertThat(epochs.isCurrent(3, 7, 1)).isTrue();
        assertThat(epochs.isCurrent(3, 9, 2)).isTrue();
    }

    @Test
    void a_lower_epoch_is_not_believed() {
        epochs.isCurrent(0, 7, 0);

        assertThat(epochs.isCurrent(0, 6, 1)).isFalse();
        assertThat(epochs.isCurrent(0, 6, 100)).isFalse();
        assertThat(epochs.isCurrent(0, 7, 101)).isTrue();
    }

    @Test
    void a_lower_epoch_that_stays_is_believed_in_the_end() {
        epochs.isCurrent(0, 7, 0);
        epochs.isCurrent(0, 6, 1);

        assertThat(epochs.isCurrent(0, 6, 101)).isTrue();
        assertThat(epochs.isCurrent(0, 5, 102)).isFalse();
    }

    @Test
    void the_patience_begins_anew_when_the_higher_epoch_was_named_between() {
        epochs.isCurrent(0, 7, 0);
        epochs.isCurrent(0, 6, 1);
        epochs.isCurrent(0, 7, 50);
        epochs.isCurrent(0, 6, 60);

        assertThat(epochs.isCurrent(0, 6, 101)).isFalse();
        assertThat(epochs.isCurrent(0, 6, 160)).isTrue();
    }

    @Test
    void partitions_have_epochs_of_their_own() {
        epochs.isCurrent(1, 7, 0);

        assertThat(epochs.isCurrent(0, 2, 0)).isTrue();
        assertThat(epochs.isCurrent(2, 3, 0)).isTrue();
        assertThat(epochs.isCurrent(1, 6, 0)).isFalse();
    }
}
