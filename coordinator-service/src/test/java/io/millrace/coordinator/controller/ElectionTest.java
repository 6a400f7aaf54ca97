package io.millrace.coordinator.controller;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.coordinator.controller.Election.Broker;
import io.millrace.coordinator.controller.Election.Partition;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ElectionTest {
    private static final UUID TOPIC = new UUID(1, 1);

    @Test
    void a_broker_whose_lease_ran_out_is_fenced_and_its_only_copy_is_led_by_nobody() {
        var transition = Election.transition(List.of(expired(1), running(2)), true);
        var changed = Election.elect(transition, List.of(partition(0, List.of(1), List.of(1), 1)));

        assertThat(transition.fence()).containsExactly(1);
        assertThat(changed).singleElement().satisfies(partition -> {
            assertThat(partition.leader()).isNull();
            assertThat(partition.leaderEpoch()).isEqualTo(6);
            assertThat(partition.partitionEpoch()).isEqualTo(10);
            assertThat(partition.isr()).as("only it has what was acknowledged").containsExactly(1);
        });
    }

    @Test
    void a_broker_that_is_back_leads_again_under_a_new_epoch() {
        var back = new Broker(1, false, true, true, false);
        var transition = Election.transition(List.of(back), true);
        var changed = Election.elect(transition, List.of(partition(0, List.of(1), List.of(1), null)));

        assertThat(transition.unfence()).containsExactly(1);
        assertThat(changed).singleElement().satisfies(partition -> {
            assertThat(partition.leader()).isEqualTo(1);
            assertThat(partition.leaderEpoch()).isEqualTo(6);
        });
    }

    @Test
    void a_broker_that_restarted_before_its_lease_ran_out_leads_under_a_new_epoch() {
        var registeredAgain = new Broker(1, false, true, true, true);
        var transition = Election.transition(List.of(registeredAgain), true);
        var changed = Election.elect(transition, List.of(partition(0, List.of(1), List.of(1), 1)));

        assertThat(changed).singleElement().satisfies(partition -> {
            assertThat(partition.leader()).isEqualTo(1);
            assertThat(partition.leaderEpoch()).isEqualTo(6);
        });
    }

    @Test
    void a_broker_that_restarted_and_is_not_ready_leads_nothing() {
        var transition = Election.transition(List.of(new Broker(1, false, false, true, true)), true);
        var changed = Election.elect(transition, List.of(partition(0, List.of(1), List.of(1), 1)));

        assertThat(transition.unfence()).isEmpty();
        assertThat(changed).singleElement().satisfies(partition -> assertThat(partition.leader()).isNull());
    }

    @Test
    void another_in_sync_replica_takes_over_and_the_fenced_one_leaves_the_isr() {
        var transition = Election.transition(List.of(expired(1), running(2), running(3)), true);
        var changed = Election.elect(transition, List.of(partition(0, List.of(1, 3, 2), List.of(1, 2, 3), 1)));

        assertThat(changed).singleElement().satisfies(partition -> {
            assertThat(partition.leader()).as("the first replica in sync").isEqualTo(3);
            assertThat(partition.isr()).containsExactly(2, 3);
        });
    }

    @Test
    void a_replica_that_is_not_in_sync_is_never_elected() {
        var transition = Election.transition(List.of(expired(1), running(2)), true);
        var changed = Election.elect(transition, List.of(partition(0, List.of(1, 2), List.of(1), 1)));

        assertThat(changed).singleElement().satisfies(partition -> assertThat(partition.leader()).isNull());
    }

    @Test
    void the_loss_of_a_follower_keeps_the_leader_and_its_epoch() {
        var transition = Election.transition(List.of(running(1), expired(2)), true);
        var changed = Election.elect(transition, List.of(partition(0, List.of(1, 2), List.of(1, 2), 1)));

        assertThat(changed).singleElement().satisfies(partition -> {
            assertThat(partition.leader()).isEqualTo(1);
            assertThat(partition.leaderEpoch()).isEqualTo(5);
            assertThat(partition.partitionEpoch()).isEqualTo(10);
        });
    }

    @Test
    void nobody_is_fenced_while_expiry_proves_nothing() {
        assertThat(Election.transition(List.of(expired(1), running(2)), false).isEmpty()).isTrue();
    }

    @Test
    void over_random_histories_epochs_rise_leaders_are_unfenced_and_in_sync_and_no_isr_is_empty() {
        for (long seed = 0; seed < 200; seed++) {
            var random = new Random(seed);
            var brokers = new HashMap<Integer, Broker>();
            for (int id = 0; id < 5; id++) {
                brokers.put(id, running(id));
            }
            var partitions = new ArrayList<Partition>();
            for (int index = 0; index < 12; index++) {
                var replicas = new ArrayList<>(List.of(0, 1, 2, 3, 4));
                Collections.shuffle(replicas, random);
                var chosen = List.copyOf(replicas.subList(0, 1 + random.nextInt(3)));
                partitions.add(partition(index, chosen, chosen, chosen.getFirst()));
            }
            for (int step = 0; step < 50; step++) {
                disturb(brokers, partitions, random);
                step(seed, brokers, partitions, random.nextInt(5) != 0);
            }
        }
    }

    private static void disturb(Map<Integer, Broker> brokers, List<Partition> partitions, Random random) {
        int id = random.nextInt(5);
        boolean leads = partitions.stream().anyMatch(partition -> Integer.valueOf(id).equals(partition.leader()));
        var broker = brokers.get(id);
        brokers.put(id, switch (random.nextInt(4)) {
            case 0 -> new Broker(id, true, broker.ready(), broker.fenced(), leads);
            case 1 -> new Broker(id, false, false, true, leads);
            case 2 -> new Broker(id, false, true, broker.fenced(), leads);
            default -> new Broker(id, false, broker.ready(), broker.fenced(), leads);
        });
    }

    private static void step(long seed, Map<Integer, Broker> brokers, List<Partition> partitions, boolean trustExpiry) {
        var transition = Election.transition(brokers.values(), trustExpiry);
        var affected = partitions.stream()
                .filter(it -> it.isr().stream().anyMatch(transition.affected()::contains))
                .toList();
        for (var after : Election.elect(transition, affected)) {
            var before = partitions.set(after.index(), after);
            assertThat(after.partitionEpoch()).isEqualTo(before.partitionEpoch() + 1);
            assertThat(after.leaderEpoch()).isBetween(before.leaderEpoch(), before.leaderEpoch() + 1);
            if (after.leaderEpoch() == before.leaderEpoch()) {
                assertThat(after.leader()).isEqualTo(before.leader());
            }
            assertThat(before.isr()).containsAll(after.isr());
        }
        brokers.replaceAll((id, broker) -> new Broker(id, broker.expired(), broker.ready(),
                transition.fence().contains(id) || broker.fenced() && !transition.unfence().contains(id),
                partitions.stream().anyMatch(partition -> Integer.valueOf(id).equals(partition.leader()))));
        for (var partition : partitions) {
            assertThat(partition.isr()).as("seed %d", seed).isNotEmpty();
            boolean someoneCanLead = partition.isr().stream().anyMatch(id -> !brokers.get(id).fenced());
            assertThat(partition.leader() != null).as("seed %d: led while it can be", seed).isEqualTo(someoneCanLead);
            if (partition.leader() != null) {
                assertThat(partition.isr()).as("seed %d", seed).contains(partition.leader());
                assertThat(brokers.get(partition.leader()).fenced()).as("seed %d", seed).isFalse();
            }
        }
    }

    private static Broker running(int id) {
        return new Broker(id, false, true, false, true);
    }

    private static Broker expired(int id) {
        return new Broker(id, true, true, false, true);
    }

    private static Partition partition(int index, List<Integer> replicas, List<Integer> isr, @Nullable Integer leader) {
        return new Partition(TOPIC, index, replicas, isr, leader, 5, 9);
    }
}
