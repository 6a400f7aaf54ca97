package io.millrace.coordinator.controller;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class PlacementTest {
    @Test
    void leaders_and_each_rank_of_followers_are_spread_evenly_and_no_broker_holds_two_replicas() {
        var random = new Random(7);
        for (int run = 0; run < 300; run++) {
            var leaderships = new TreeMap<Integer, Integer>();
            int brokers = 1 + random.nextInt(9);
            for (int broker = 0; broker < brokers; broker++) {
                leaderships.put(random.nextInt(1_000) * 10 + broker, 0);
            }
            for (int topic = 0; topic < 20; topic++) {
                int replicationFactor = 1 + random.nextInt(brokers);
                var placed = Placement.replicas(leaderships, 1 + random.nextInt(60), replicationFactor, random
                        .nextInt());

                assertThat(placed).allSatisfy(replicas -> assertThat(replicas).hasSize(replicationFactor)
                        .doesNotHaveDuplicates().isSubsetOf(leaderships.keySet()));
                for (int rank = 0; rank < replicationFactor; rank++) {
                    int at = rank;
                    var ofRank = counts(leaderships.keySet(), placed.stream().map(replicas -> replicas.get(at))
                            .toList());
                    assertThat(spread(ofRank)).as("rank %s within the topic", rank).isLessThanOrEqualTo(1);
                }
                placed.forEach(replicas -> leaderships.merge(replicas.getFirst(), 1, Integer::sum));
                assertThat(spread(leaderships)).as("over all topics").isLessThanOrEqualTo(1);
            }
        }
    }

    @Test
    void when_a_broker_dies_all_others_share_what_it_led() {
        for (int brokers = 2; brokers < 8; brokers++) {
            var leaderships = new TreeMap<Integer, Integer>();
            for (int id = 0; id < brokers; id++) {
                leaderships.put(id, 0);
            }
            int partitions = brokers * (brokers - 1) * 3;
            for (int dead = 0; dead < brokers; dead++) {
                int leader = dead;
                var successors = Placement.replicas(leaderships, partitions, 2, 5).stream()
                        .filter(replicas -> replicas.getFirst() == leader)
                        .map(List::getLast)
                        .toList();
                var others = new HashSet<>(leaderships.keySet());
                others.remove(dead);

                assertThat(spread(counts(others, successors))).isZero();
            }
        }
    }

    @Test
    void a_broker_that_leads_much_gets_no_more_than_its_share_and_the_rest_goes_to_the_idle() {
        assertThat(leaders(Map.of(1, 50, 2, 0, 3, 10), 4, 0)).containsExactly(2, 3, 1, 2);
    }

    @Test
    void topics_of_one_partition_do_not_all_begin_on_the_same_broker() {
        var firsts = new HashSet<Integer>();
        for (int start = 0; start < 3; start++) {
            firsts.add(leaders(Map.of(1, 0, 2, 0, 3, 0), 1, start).getFirst());
        }
        assertThat(firsts).containsExactlyInAnyOrder(1, 2, 3);
    }

    private static List<Integer> leaders(Map<Integer, Integer> leaderships, int partitions, int start) {
        return Placement.replicas(leaderships, partitions, 1, start).stream().map(List::getFirst).toList();
    }

    private static Map<Integer, Integer> counts(Collection<Integer> ids, List<Integer> found) {
        var counts = new HashMap<Integer, Integer>();
        ids.forEach(id -> counts.put(id, 0));
        found.forEach(id -> counts.merge(id, 1, Integer::sum));
        return counts;
    }

    private static int spread(Map<Integer, Integer> counts) {
        return Collections.max(counts.values()) - Collections.min(counts.values());
    }
}
