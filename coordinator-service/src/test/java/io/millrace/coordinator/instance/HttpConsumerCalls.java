package io.millrace.coordinator.instance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.common.api.GroupsApi;
import io.millrace.common.api.InstancesApi;
import io.millrace.common.api.InstancesApi.Answered;
import io.millrace.common.api.InstancesApi.BeginPoll;
import io.millrace.common.api.InstancesApi.CreateInstance;
import io.millrace.common.api.InstancesApi.Delivered;
import io.millrace.common.api.InstancesApi.PollGrant;
import io.millrace.common.api.InstancesApi.Position;
import io.millrace.common.api.InstancesApi.Subscription;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.testing.TestPostgres;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;

/** The calls of a gateway on consumers of a group of the test's own, at a coordinator on a real database. */
abstract class HttpConsumerCalls {
    static final RunningCoordinator COORDINATOR = RunningCoordinator.shared();
    static final AtomicLong CLOCK_MS = COORDINATOR.clockMs;
    static final TestPostgres POSTGRES = COORDINATOR.postgres;
    static final FakeOffsets OFFSETS = COORDINATOR.offsets;
    static final InstancesApi INSTANCES = COORDINATOR.client(InstancesApi.class);
    static final GroupsApi GROUPS = COORDINATOR.client(GroupsApi.class);
    private static final AtomicInteger GROUPS_MADE = new AtomicInteger();

    final String group = "group of HTTP consumers " + GROUPS_MADE.getAndIncrement();

    @BeforeEach
    void the_offset_service_is_there() {
        OFFSETS.goAway(false);
        OFFSETS.release();
    }

    void create(String name) {
        INSTANCES.create(group, new CreateInstance(name, "json", "earliest", null, null, null, null, null));
    }

    void subscribe(String name, String... topics) {
        INSTANCES.subscribe(group, name, new Subscription(List.of(topics), null));
    }

    PollGrant poll(String name) {
        return INSTANCES.beginPoll(group, name, new BeginPoll(null));
    }

    void deliver(String name, PollGrant grant, String topic, int partition, long offset) {
        deliver(name, grant, List.of(new Position(topic, partition, offset)), List.of());
    }

    void deliver(String name, PollGrant grant, List<Position> positions, List<Position> starts) {
        INSTANCES.delivered(group, name, new Delivered(grant.pollNumber(), positions, starts, true));
        INSTANCES.answered(group, name, new Answered(grant.pollNumber(), true));
    }

    void deliverUnanswered(PollGrant grant, long offset) {
        INSTANCES.delivered(group, "a", new Delivered(grant.pollNumber(), List.of(new Position("orders", 0, offset)),
                List.of(), true));
    }

    static Map<Integer, @Nullable Long> positions(PollGrant grant) {
        var positions = new HashMap<Integer, @Nullable Long>();
        new ArrayList<>(grant.partitions()).forEach(granted -> positions.put(granted.partition(), granted.position()));
        return positions;
    }

    static void assertRefused(Runnable call, ErrorCode code, String words) {
        assertThatThrownBy(call::run).isInstanceOfSatisfying(RefusedException.class, refused -> {
            assertThat(refused.code()).as(refused.getMessage()).isEqualTo(code);
            assertThat(refused.getMessage()).contains(words);
        });
    }
}
