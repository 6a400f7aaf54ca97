package io.millrace.coordinator.listener;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.coordinator.group.Group;
import io.millrace.coordinator.group.GroupEvent;
import io.millrace.coordinator.group.GroupReply;
import io.millrace.coordinator.group.MemberProfile;
import io.millrace.coordinator.group.PartitionId;
import io.millrace.coordinator.group.Subscription;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Consumers of the classic protocol, of KIP-848 and over HTTP in one group. */
@ResourceLock(ListeningCoordinator.ALONE)
class MixedGroupsTest {
    private static final Duration SHORT = Duration.ofMillis(50);
    private static final long LONG_NANOS = TimeUnit.SECONDS.toNanos(60);
    private static final TopicPartition PLACE = new TopicPartition("orders", 0);

    private final ListeningCoordinator coordinator = ListeningCoordinator.shared();
    private final String group = "mixed-" + UUID.randomUUID();

    private KafkaConsumer<byte[], byte[]> consumer(Map<String, Object> more) {
        Map<String, Object> settings = new HashMap<>(Map.of("bootstrap.servers", coordinator.address().host() + ":"
                + coordinator.address().port(), "group.id", group, "enable.auto.commit", false,
                "default.api.timeout.ms", 20_000));
        settings.putAll(more);
        var consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        consumer.subscribe(List.of("orders"));
        return consumer;
    }

    private KafkaConsumer<byte[], byte[]> classic(Class<?> assignor) {
        return consumer(Map.of("group.protocol", "classic", "heartbeat.interval.ms", 100, "session.timeout.ms", 10_000,
                "partition.assignment.strategy", List.of(assignor)));
    }

    private KafkaConsumer<byte[], byte[]> modern() {
        return consumer(Map.of("group.protocol", "consumer"));
    }

    /** Polls all in turn; at no time do two of them have the same partition. */
    @SafeVarargs
    private static void pollUntil(BooleanSupplier settled, KafkaConsumer<byte[], byte[]>... consumers) {
        long deadlineNanos = System.nanoTime() + LONG_NANOS;
        while (!settled.getAsBoolean() && System.nanoTime() < deadlineNanos) {
            Set<TopicPartition> owned = new HashSet<>();
            for (var consumer : consumers) {
                consumer.poll(SHORT);
            }
            for (var consumer : consumers) {
                consumer.assignment().forEach(partition -> assertThat(owned.add(partition)).as("%s has one owner",
                        partition).isTrue());
            }
        }
        assertThat(settled.getAsBoolean()).isTrue();
    }

    private static boolean has(int partitions, KafkaConsumer<byte[], byte[]> consumer) {
        return consumer.assignment().size() == partitions;
    }

    @ParameterizedTest
    @ValueSource(classes = {RangeAssignor.class, CooperativeStickyAssignor.class})
    void a_modern_consumer_joins_classic_ones_and_when_it_goes_they_assign_among_themselves_again(Class<?> assignor) {
        try (var old = classic(assignor)) {
            pollUntil(() -> has(4, old), old);
            try (var fresh = modern()) {
                pollUntil(() -> has(2, old) && has(2, fresh), old, fresh);
                assertThat(coordinator.groups().findClassic(group)).isNull();
                old.commitSync(Map.of(PLACE, new OffsetAndMetadata(3)));
                fresh.commitSync(Map.of(PLACE, new OffsetAndMetadata(4)));
                assertThat(old.committed(Set.of(PLACE)).get(PLACE).offset()).isEqualTo(4);
            }
            pollUntil(() -> has(4, old) && coordinator.groups().findClassic(group) != null, old);
        }
    }

    @ParameterizedTest
    @ValueSource(classes = {RangeAssignor.class, CooperativeStickyAssignor.class})
    void a_classic_consumer_joins_a_modern_one_goes_on_at_the_next_coordinator_and_leaves(Class<?> assignor) {
        try (var fresh = modern()) {
            pollUntil(() -> has(4, fresh), fresh);
            try (var old = classic(assignor)) {
                pollUntil(() -> has(2, old) && has(2, fresh), old, fresh);
                Group before = coordinator.groups().find(group);
                coordinator.takeOverAll();
                old.commitSync(Map.of(PLACE, new OffsetAndMetadata(3)));
                assertThat(coordinator.groups().find(group)).isEqualTo(before);
                pollUntil(() -> has(2, old) && has(2, fresh), old, fresh);
            }
            pollUntil(() -> has(4, fresh), fresh);
        }
    }

    @Test
    void a_member_over_http_gets_what_a_classic_one_has_let_go_of_and_not_before() {
        try (var old = classic(RangeAssignor.class)) {
            pollUntil(() -> has(4, old), old);
            var profile = new MemberProfile("http", "http", Subscription.to(List.of("orders")), null, 30_000, 60_000);

            GroupReply.Granted joined = granted(new GroupEvent.Join("http", profile));

            assertThat(joined.assigned()).isEmpty();
            pollUntil(() -> has(2, old), old);
            SortedSet<PartitionId> assigned = granted(new GroupEvent.Heartbeat("http", joined.memberEpoch(), joined
                    .assigned(), null)).assigned();
            assertThat(assigned).hasSize(2);
            assertThat(assigned).extracting(PartitionId::partition).doesNotContainAnyElementsOf(old.assignment()
                    .stream().map(TopicPartition::partition).toList());
            coordinator.groups().apply(coordinator.shards().of(group), group, new GroupEvent.Leave("http"), 0);
            pollUntil(() -> has(4, old), old);
        }
    }

    private GroupReply.Granted granted(GroupEvent event) {
        return (GroupReply.Granted) coordinator.groups().apply(coordinator.shards().of(group), group, event, 0);
    }
}
