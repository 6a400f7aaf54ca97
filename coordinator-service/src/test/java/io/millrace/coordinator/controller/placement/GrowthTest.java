package io.millrace.coordinator.controller.placement;

import static io.millrace.coordinator.controller.placement.RebalanceTest.moves;
import static io.millrace.coordinator.controller.placement.RebalanceTest.roundRobin;
import static io.millrace.coordinator.controller.placement.RebalanceTest.targets;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.common.api.TopicPartition;
import io.millrace.coordinator.controller.placement.Plan.Moves;
import java.util.HashSet;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class GrowthTest {
    @Test
    void replicas_that_are_added_go_to_who_has_least_and_the_leader_stays() {
        var partitions = roundRobin(12, 4, 2);

        var changes = moves(Growth.replicationFactor(partitions, targets(4), "orders", 3));

        assertThat(changes).hasSize(12);
        changes.forEach((partition, replicas) -> {
            assertThat(replicas).hasSize(3).doesNotHaveDuplicates();
            assertThat(replicas.subList(0, 2)).isEqualTo(partitions.get(partition));
        });
        assertThat(new RandomCluster(targets(4), partitions).after(changes).replicaSpread("")).isZero();
    }

    @Test
    void replicas_that_are_not_running_are_the_first_to_go() {
        var uses = new TreeMap<>(targets(3));
        uses.put(1, BrokerUse.KEEPS);

        var changes = moves(Growth.replicationFactor(roundRobin(3, 3, 3), uses, "orders", 2));

        assertThat(changes.get(new TopicPartition("orders", 0))).containsExactly(0, 2);
        assertThat(changes.get(new TopicPartition("orders", 1))).startsWith(1).hasSize(2);
        assertThat(changes.get(new TopicPartition("orders", 2))).containsExactly(2, 0);
    }

    @Test
    void more_replicas_than_brokers_are_refused_by_name() {
        assertThat(Growth.replicationFactor(roundRobin(2, 2, 1), targets(2), "orders", 3)).isEqualTo(
                new Plan.TooFewBrokers(new TopicPartition("orders", 0), 3, 2));
    }

    @Test
    void partitions_that_are_added_even_out_the_topic() {
        var partitions = roundRobin(2, 3, 2);

        var created = moves(Growth.partitions(partitions, targets(3), "orders", 2, 9, 2));

        assertThat(created).hasSize(7);
        var after = new RandomCluster(targets(3), partitions).after(created);
        assertThat(after.leaderSpread()).isZero();
        assertThat(after.replicaSpread("")).isZero();
    }

    @Test
    void a_drained_broker_hands_each_replica_to_another_and_nothing_else_moves() {
        for (long seed = 0; seed < 1_000; seed++) {
            var cluster = RandomCluster.of(seed);
            if (!(Evacuation.plan(cluster.partitions(), cluster.uses()) instanceof Moves(var changes))) {
                continue;
            }
            var drained = cluster.uses().keySet().stream().filter(id -> cluster.uses().get(id) == BrokerUse.DRAINS)
                    .toList();
            cluster.partitions().forEach((partition, before) -> {
                if (before.stream().noneMatch(drained::contains)) {
                    assertThat(changes).doesNotContainKey(partition);
                    return;
                }
                List<Integer> after = changes.get(partition);
                assertThat(after).doesNotContainAnyElementsOf(drained).hasSameSizeAs(before).doesNotHaveDuplicates();
                var stayed = new HashSet<>(before);
                stayed.removeAll(drained);
                assertThat(after).containsAll(stayed);
            });
        }
    }
}
