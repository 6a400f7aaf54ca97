package io.millrace.gateway.events;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.common.api.InstancesApi.Granted;
import io.millrace.common.api.InstancesApi.Position;
import java.util.List;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

class GroupPartitionsTest {
    private static final String TOPIC_ID = Uuid.randomUuid().toString();

    private final GroupPartitions partitions = new GroupPartitions();

    @Test
    void what_was_given_out_is_confirmed_when_a_whole_time_has_passed_since() {
        granted(5L);
        give(9);
        partitions.age();
        assertThat(partitions.confirmed()).containsExactly(at(5));
        give(12);

        partitions.age();

        assertThat(partitions.confirmed()).containsExactly(at(9));
        assertThat(partitions.standing()).containsExactly(at(12));
        partitions.age();
        assertThat(partitions.confirmed()).containsExactly(at(12));
    }

    @Test
    void what_was_read_and_not_given_out_is_never_confirmed() {
        granted(5L);
        partitions.all().iterator().next().readTo(9);
        partitions.forgetRead();

        partitions.age();
        partitions.age();

        assertThat(partitions.confirmed()).containsExactly(at(5));
    }

    @Test
    void a_partition_without_a_position_confirms_none() {
        granted(null);
        partitions.age();

        assertThat(partitions.confirmed()).isEmpty();
    }

    @Test
    void a_client_that_has_sought_is_confirmed_from_there() {
        granted(5L);
        give(9);
        partitions.age();

        granted(2L);

        assertThat(partitions.confirmed()).containsExactly(at(2));
    }

    private void granted(Long position) {
        partitions.take(List.of(new Granted(TOPIC_ID, "orders", 0, position, null)));
    }

    private void give(long next) {
        partitions.all().iterator().next().readTo(next);
        partitions.givenOut();
    }

    private static Position at(long offset) {
        return new Position("orders", 0, offset);
    }
}
