package io.millrace.coordinator.controller;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TopicRulesTest {
    @ParameterizedTest
    @ValueSource(strings = {"a", "orders.v1", "Orders_2-x", "...", "_", "__mine", "0"})
    void legal_names_pass(String name) {
        assertThat(TopicRules.violatedByName(name)).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "..", "a b", "a/b", "ä", "a\n", "a:b", "__consumer_offsets",
            "__transaction_state"})
    void other_names_are_refused(String name) {
        assertThat(TopicRules.violatedByName(name)).isNotNull();
    }

    @Test
    void a_name_may_have_249_characters_and_no_more() {
        assertThat(TopicRules.violatedByName("x".repeat(249))).isNull();
        assertThat(TopicRules.violatedByName("x".repeat(250)).reason()).contains("249");
    }

    @Test
    void names_that_differ_only_in_dots_and_underscores_collide() {
        assertThat(TopicRules.collisionKey("a.b_c")).isEqualTo(TopicRules.collisionKey("a_b.c"));
        assertThat(TopicRules.collisionKey("a-b")).isNotEqualTo(TopicRules.collisionKey("a_b"));
    }

    @Test
    void partitions_are_bounded() {
        assertThat(TopicRules.violatedByPartitions(0, 10)).isNotNull();
        assertThat(TopicRules.violatedByPartitions(-1, 10)).isNotNull();
        assertThat(TopicRules.violatedByPartitions(1, 10)).isNull();
        assertThat(TopicRules.violatedByPartitions(10, 10)).isNull();
        assertThat(TopicRules.violatedByPartitions(11, 10).reason()).contains("between 1 and 10").contains("11");
    }

    @Test
    void an_assignment_names_running_brokers_each_once_and_equally_many() {
        var live = List.of(1, 2);
        assertThat(TopicRules.violatedByAssignments(List.of(List.of(1), List.of(2), List.of(1)), live)).isNull();
        assertThat(TopicRules.violatedByAssignments(List.of(List.of(1), List.of(3)), live).reason()).contains("[3]");
        assertThat(TopicRules.violatedByAssignments(List.of(List.of(1, 1)), live)).isNotNull();
        assertThat(TopicRules.violatedByAssignments(List.of(List.of()), live)).isNotNull();
        assertThat(TopicRules.violatedByAssignments(List.of(List.of(1), List.of(1, 2)), live)).isNotNull();
    }
}
