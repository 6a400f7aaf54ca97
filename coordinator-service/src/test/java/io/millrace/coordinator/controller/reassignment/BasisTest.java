package io.millrace.coordinator.controller.reassignment;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.common.api.TopicPartition;
import io.millrace.coordinator.controller.placement.BrokerUse;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class BasisTest {
    private static final TopicPartition ORDERS = new TopicPartition("orders", 0);
    private static final Map<TopicPartition, List<Integer>> PLANNED = Map.of(ORDERS, List.of(1));

    private final Map<TopicPartition, List<Integer>> destinations = new HashMap<>(Map.of(ORDERS, List.of(0),
            new TopicPartition("invoices", 0), List.of(1)));
    private final Map<Integer, BrokerUse> uses = new HashMap<>(Map.of(0, BrokerUse.DRAINS, 1, BrokerUse.TARGET, 2,
            BrokerUse.TARGET));
    private final Basis planned = new Basis(Map.copyOf(destinations), Map.copyOf(uses));

    @Test
    void a_plan_serves_while_its_topics_and_the_brokers_are_as_they_were() {
        destinations.put(new TopicPartition("invoices", 0), List.of(2));
        destinations.put(new TopicPartition("more", 0), List.of(2));

        assertThat(serves()).isTrue();
    }

    @Test
    void a_plan_is_outdated_when_a_topic_of_it_has_changed_or_gone() {
        destinations.put(new TopicPartition("orders", 1), List.of(2));
        assertThat(serves()).isFalse();

        destinations.keySet().removeIf(it -> it.topic().equals("orders"));
        assertThat(serves()).isFalse();
    }

    @Test
    void a_plan_is_outdated_when_a_broker_has_changed() {
        uses.put(2, BrokerUse.KEEPS);

        assertThat(serves()).isFalse();
    }

    @Test
    void a_plan_is_outdated_when_a_drained_broker_has_got_something_that_it_does_not_know() {
        destinations.put(new TopicPartition("more", 0), List.of(0));

        assertThat(serves()).isFalse();
    }

    private boolean serves() {
        return planned.stillServes(PLANNED, new Basis(destinations, uses));
    }
}
