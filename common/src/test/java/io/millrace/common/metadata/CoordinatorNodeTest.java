package io.millrace.common.metadata;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CoordinatorNodeTest {
    @Test
    void ids_are_above_those_of_brokers_and_so_are_those_that_clients_make_of_them() {
        var ids = IntStream.range(0, 1_000).map(node -> new CoordinatorNode("10.0.0." + node % 250, 9_000 + node).id())
                .boxed().toList();

        assertThat(ids).doesNotHaveDuplicates().allSatisfy(id -> assertThat(id).isBetween(CoordinatorNode.FIRST_ID,
                CoordinatorNode.FIRST_ID + (1 << 26) - 1));
        assertThat(ids).allSatisfy(id -> assertThat(Integer.MAX_VALUE - id).isGreaterThan(CoordinatorNode.FIRST_ID
                + (1 << 26) - 1));
    }

    @Test
    void an_id_is_the_address_and_nothing_else() {
        assertThat(new CoordinatorNode("a", 1).id()).isEqualTo(new CoordinatorNode("a", 1).id()).isNotEqualTo(
                new CoordinatorNode("a", 2).id());
    }

    @Test
    void a_coordinator_of_many_shards_is_one_node_and_one_without_a_listener_none() {
        var node = new CoordinatorNode("a", 1);
        var image = new ClusterImage("c", 1, Map.of(), Map.of(), Map.of(), Map.of(
                "controller", new LeaseImage("controller", "x", "http://x", 1),
                "shard-0", new LeaseImage("shard-0", "a", "http://a", 1, node),
                "shard-1", new LeaseImage("shard-1", "a", "http://a", 1, new CoordinatorNode("a", 1))));

        assertThat(image.coordinatorNodes()).containsExactly(node);
    }

    @Test
    void an_address_that_nobody_can_reach_is_refused() {
        for (var port : List.of(0, -1, 65_536)) {
            assertThatThrownBy(() -> new CoordinatorNode("a", port)).isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> new CoordinatorNode(" ", 1)).isInstanceOf(IllegalArgumentException.class);
    }
}
