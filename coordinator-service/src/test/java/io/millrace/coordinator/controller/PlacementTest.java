package io.millrace.coordinator.controller;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class PlacementTest {
    @Test
    void brokers_that_began_equal_never_lead_more_than_one_partition_more_than_another() {
        var random = new Random(7);
        for (int run = 0; run < 300; run++) {
            var leaderships = new TreeMap<Integer, Integer>();
            int brokers = 1 + random.nextInt(9);
            for (int broker = 0; broker < brokers; broker++) {
                leaderships.put(random.nextInt(1_000) * 10 + broker, 0);
            }
            for (int topic = 0; topic < 20; topic++) {
                var leaders = Placement.leaders(leaderships, 1 + random.nextInt(30), random.nextInt());
                var ofTopic = new HashMap<Integer, Integer>();
                leaderships.keySet().forEach(id -> ofTopic.put(id, 0));
                leaders.forEach(id -> ofTopic.merge(id, 1, Integer::sum));
                leaders.forEach(id -> leaderships.merge(id, 1, Integer::sum));

                assertThat(spread(ofTopic)).as("within the topic").isLessThanOrEqualTo(1);
                assertThat(spread(leaderships)).as("over all topics").isLessThanOrEqualTo(1);
            }
        }
    }

    @Test
    void a_broker_that_leads_much_gets_no_more_than_its_share_and_the_rest_goes_to_the_idle() {
        assertThat(Placement.leaders(Map.of(1, 50, 2, 0, 3, 10), 4, 0)).containsExactly(2, 3, 1, 2);
    }

    @Test
    void topics_of_one_partition_do_not_all_begin_on_the_same_broker() {
        var firsts = new HashSet<Integer>();
        for (int start = 0; start < 3; start++) {
            firsts.add(Placement.leaders(Map.of(1, 0, 2, 0, 3, 0), 1, start).getFirst());
        }
        assertThat(firsts).containsExactlyInAnyOrder(1, 2, 3);
    }

    private static int spread(Map<Integer, Integer> counts) {
        return Collections.max(counts.values()) - Collections.min(counts.values());
    }
}
