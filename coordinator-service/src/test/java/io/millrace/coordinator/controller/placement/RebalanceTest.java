package io.millrace.coordinator.controller.placement;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.common.api.TopicPartition;
import io.millrace.coordinator.controller.placement.Plan.Moves;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class RebalanceTest {
    private static final int SEEDS = 2_000;

    @Test
    void every_broker_gets_its_share_of_replicas_and_of_leadership() {
        for (long seed = 0; seed < SEEDS; seed++) {
            var cluster = RandomCluster.of(seed);
            if (!(Rebalance.plan(cluster.partitions(), cluster.uses()) instanceof Moves(var changes))) {
                continue;
            }
            var after = cluster.after(changes);

            assertThat(after.replicaSpread("")).as("replicas, seed %d", seed).isLessThanOrEqualTo(1);
            assertThat(after.leaderSpread()).as("leaders, seed %d", seed).isLessThanOrEqualTo(1);
            after.partitions().keySet().stream().map(TopicPartition::topic).distinct().forEach(topic -> assertThat(after
                    .replicaSpread(topic)).as("replicas of a topic").isLessThanOrEqualTo(2));
        }
    }

    @Test
    void no_two_replicas_meet_and_their_number_stays_and_only_targets_get_any() {
        for (long seed = 0; seed < SEEDS; seed++) {
            var cluster = RandomCluster.of(seed);
            if (!(Rebalance.plan(cluster.partitions(), cluster.uses()) instanceof Moves(var changes))) {
                continue;
            }
            for (var change : changes.entrySet()) {
                var before = cluster.partitions().get(change.getKey());
                assertThat(new HashSet<>(change.getValue())).as("seed %d", seed).hasSameSizeAs(before);
                assertThat(change.getValue()).hasSameSizeAs(before).isNotEqualTo(before);
                assertThat(change.getValue()).allMatch(broker -> before.contains(broker) || cluster.targets().contains(
                        broker));
                assertThat(before).as("what is only down keeps its replicas").allMatch(broker -> cluster.uses().get(
                        broker) != BrokerUse.KEEPS || change.getValue().contains(broker));
            }
            assertThat(cluster.after(changes).partitions().values()).noneMatch(replicas -> replicas.stream().anyMatch(
                    broker -> cluster.uses().get(broker) == BrokerUse.DRAINS));
        }
    }

    @Test
    void plans_upon_plans_come_to_an_end() {
        for (long seed = 0; seed < SEEDS; seed++) {
            var cluster = RandomCluster.of(seed);
            int plans = 0;
            while (Rebalance.plan(cluster.partitions(), cluster.uses()) instanceof Moves(var changes) && !changes
                    .isEmpty()) {
                cluster = cluster.after(changes);
                assertThat(++plans).as("seed %d", seed).isLessThanOrEqualTo(5);
            }
        }
    }

    @Test
    void a_broker_that_is_added_gets_its_share_and_nothing_else_is_copied() {
        var uses = targets(4);
        for (int replicationFactor = 1; replicationFactor <= 3; replicationFactor++) {
            var partitions = roundRobin(30, 3, replicationFactor);

            var changes = moves(Rebalance.plan(partitions, uses));

            assertThat(RandomCluster.copies(partitions, changes)).isEqualTo(30 * replicationFactor / 4);
            assertThat(changes.values().stream().flatMap(List::stream).filter(broker -> broker == 3)).hasSize(30
                    * replicationFactor / 4);
        }
    }

    @Test
    void leadership_alone_is_evened_out_without_copying() {
        var partitions = new HashMap<TopicPartition, List<Integer>>();
        for (int index = 0; index < 9; index++) {
            partitions.put(new TopicPartition("orders", index), List.of(0, 1, 2));
        }

        var changes = moves(Rebalance.plan(partitions, targets(3)));

        assertThat(RandomCluster.copies(partitions, changes)).isZero();
        assertThat(new RandomCluster(targets(3), partitions).after(changes).leaderSpread()).isZero();
    }

    @Test
    void leadership_goes_over_a_third_broker_where_there_is_no_direct_way() {
        var partitions = Map.of(
                new TopicPartition("a", 0), List.of(0, 1),
                new TopicPartition("a", 1), List.of(0, 1),
                new TopicPartition("a", 2), List.of(1, 2),
                new TopicPartition("a", 3), List.of(2, 1),
                new TopicPartition("b", 0), List.of(0, 1),
                new TopicPartition("b", 1), List.of(2, 0));

        var changes = moves(Rebalance.plan(partitions, targets(3)));

        var after = new RandomCluster(targets(3), partitions).after(changes);
        assertThat(after.leaderSpread()).isZero();
    }

    @Test
    void what_is_even_stays_as_it_is() {
        assertThat(moves(Rebalance.plan(roundRobin(12, 3, 2), targets(3)))).isEmpty();
    }

    @Test
    void a_topic_with_more_replicas_than_brokers_that_stay_is_named() {
        var uses = new TreeMap<>(targets(3));
        uses.put(2, BrokerUse.DRAINS);

        assertThat(Rebalance.plan(roundRobin(1, 3, 3), uses)).isEqualTo(new Plan.TooFewBrokers(new TopicPartition(
                "orders", 0), 3, 2));
    }

    @Test
    void three_thousand_partitions_are_planned_at_once() {
        var partitions = roundRobin(3_000, 3, 3);

        var changes = moves(Rebalance.plan(partitions, targets(6)));

        var after = new RandomCluster(targets(6), partitions).after(changes);
        assertThat(after.replicaSpread("")).isLessThanOrEqualTo(1);
        assertThat(after.leaderSpread()).isLessThanOrEqualTo(1);
    }

    static Map<TopicPartition, List<Integer>> moves(Plan plan) {
        assertThat(plan).isInstanceOf(Moves.class);
        return ((Moves) plan).targets();
    }

    static Map<Integer, BrokerUse> targets(int brokers) {
        var uses = new TreeMap<Integer, BrokerUse>();
        for (int broker = 0; broker < brokers; broker++) {
            uses.put(broker, BrokerUse.TARGET);
        }
        return uses;
    }

    static Map<TopicPartition, List<Integer>> roundRobin(int count, int brokers, int replicationFactor) {
        var partitions = new HashMap<TopicPartition, List<Integer>>();
        for (int index = 0; index < count; index++) {
            var replicas = new ArrayList<Integer>();
            for (int replica = 0; replica < replicationFactor; replica++) {
                replicas.add((index + replica) % brokers);
            }
            partitions.put(new TopicPartition("orders", index), List.copyOf(replicas));
        }
        return partitions;
    }
}
