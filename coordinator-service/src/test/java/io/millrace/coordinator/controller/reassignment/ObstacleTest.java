package io.millrace.coordinator.controller.reassignment;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.common.api.ClusterApi.Reason;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.partition.PartitionTable.Key;
import io.millrace.common.partition.PartitionTable.Row;
import io.millrace.common.partition.Standing;
import io.millrace.common.partition.Terms;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

class ObstacleTest {
    private static final Key PARTITION = new Key(Uuid.randomUuid(), 0);

    private final Map<Integer, Standing> brokers = new HashMap<>();
    private final Wanted wanted = new Wanted(PARTITION, "orders", List.of(0, 1), List.of(2, 3), false);

    ObstacleTest() {
        for (int id = 0; id < 4; id++) {
            brokers.put(id, new Standing(id, 1, false, false, false));
        }
    }

    @Test
    void one_that_could_begin_is_queued() {
        assertThat(of(atRest(0))).isEqualTo(new Obstacle(Reason.QUEUED, List.of(2, 3)));
        assertThat(of(atRest(0)).isStuck()).isFalse();
    }

    @Test
    void one_that_is_copied_is_catching_up_with_those_that_have_not_all_yet() {
        assertThat(of(inMotion(0, List.of(0, 1, 2)))).isEqualTo(new Obstacle(Reason.CATCHING_UP, List.of(3)));
    }

    @Test
    void one_whose_new_broker_does_not_run_or_is_leaving_is_stuck_whether_it_has_begun_or_not() {
        brokers.put(2, new Standing(2, 1, true, false, false));
        brokers.put(3, new Standing(3, 1, false, true, false));

        assertThat(of(atRest(0))).isEqualTo(new Obstacle(Reason.BROKER_NOT_RUNNING, List.of(2, 3)));
        assertThat(of(inMotion(0, List.of(0, 1, 2)))).isEqualTo(new Obstacle(Reason.BROKER_NOT_RUNNING, List.of(3)));
        assertThat(of(atRest(0)).isStuck()).isTrue();
    }

    @Test
    void one_without_a_leader_is_stuck() {
        assertThat(of(atRest(PartitionImage.NO_LEADER))).isEqualTo(new Obstacle(Reason.NO_LEADER, List.of()));
        assertThat(of(inMotion(PartitionImage.NO_LEADER, List.of(0)))).matches(Obstacle::isStuck);
    }

    @Test
    void one_with_all_copies_of_which_too_few_that_stay_are_in_sync_is_stuck() {
        var partition = new PartitionImage(0, List.of(2, 1, 0), List.of(0, 2), 0, 0, 0, List.of(), 0, List.of(2),
                List.of(0));

        assertThat(of(partition)).isEqualTo(new Obstacle(Reason.BELOW_MIN_ISR, List.of(1)));
        assertThat(of(partition).isStuck()).isTrue();
    }

    @Test
    void one_that_is_to_have_fewer_replicas_than_the_minimum_by_now_is_stuck() {
        var partition = new PartitionImage(0, List.of(0, 1, 4), List.of(0, 1, 4), 0, 0, 0);

        assertThat(Obstacle.of(wanted, new Row(PARTITION.topicId(), partition, new Terms(3, false)), brokers))
                .isEqualTo(new Obstacle(Reason.BELOW_MIN_ISR, List.of()));
    }

    private static PartitionImage atRest(int leader) {
        return new PartitionImage(0, List.of(0, 1), List.of(0, 1), leader, 0, 0);
    }

    private static PartitionImage inMotion(int leader, List<Integer> isr) {
        return new PartitionImage(0, List.of(2, 3, 0, 1), isr, leader, 0, 0, List.of(), 0, List.of(2, 3), List.of(0,
                1));
    }

    private Obstacle of(PartitionImage partition) {
        return Obstacle.of(wanted, new Row(PARTITION.topicId(), partition, Terms.DEFAULT), brokers);
    }
}
