package io.millrace.coordinator.listener;

import static io.millrace.coordinator.listener.PolledConsumers.pollUntil;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.coordinator.group.classic.ClassicGroup;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.ListGroupsOptions;
import org.apache.kafka.clients.admin.MemberToRemove;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.clients.consumer.RoundRobinAssignor;
import org.apache.kafka.clients.consumer.StickyAssignor;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.GroupType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupNotEmptyException;
import org.apache.kafka.common.errors.GroupSubscribedToTopicException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Kafka's own consumer with {@code group.protocol=classic}, which assigns on the client's side. */
@ResourceLock(ListeningCoordinator.ALONE)
class ClassicConsumersTest {
    private static final Duration SHORT = Duration.ofMillis(50);
    private static final long LONG_NANOS = TimeUnit.SECONDS.toNanos(60);
    private static final TopicPartition PLACE = new TopicPartition("orders", 0);

    private final ListeningCoordinator coordinator = ListeningCoordinator.shared();
    private final String group = "classic-" + UUID.randomUUID();

    private String bootstrap() {
        return coordinator.address().host() + ":" + coordinator.address().port();
    }

    private KafkaConsumer<byte[], byte[]> consumer(Class<?> assignor, @Nullable String instanceId) {
        Map<String, Object> settings = new HashMap<>(Map.of("bootstrap.servers", bootstrap(), "group.id", group,
                "group.protocol", "classic", "enable.auto.commit", false, "client.id", "reader",
                "default.api.timeout.ms", 20_000, "heartbeat.interval.ms", 100, "session.timeout.ms", 10_000,
                "partition.assignment.strategy", List.of(assignor)));
        if (instanceId != null) {
            settings.put("group.instance.id", instanceId);
        }
        var consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        consumer.subscribe(List.of("orders"));
        return consumer;
    }

    /** What a cooperative consumer has may be all it will have before its last rebalance ends. */
    @SafeVarargs
    private int settledGeneration(KafkaConsumer<byte[], byte[]>... consumers) {
        long deadlineNanos = System.nanoTime() + LONG_NANOS;
        while (System.nanoTime() < deadlineNanos) {
            ClassicGroup now = Objects.requireNonNull(coordinator.groups().findClassic(group));
            boolean settled = now.isAssigned();
            for (var consumer : consumers) {
                consumer.poll(SHORT);
                settled &= consumer.groupMetadata().generationId() == now.generation();
            }
            if (settled && now.generation() == Objects.requireNonNull(coordinator.groups().findClassic(group))
                    .generation()) {
                return now.generation();
            }
        }
        throw new AssertionError("the group does not settle");
    }

    private static Set<TopicPartition> union(Collection<TopicPartition> some, Collection<TopicPartition> others) {
        var union = new HashSet<>(some);
        union.addAll(others);
        return union;
    }

    @ParameterizedTest
    @ValueSource(classes = {RangeAssignor.class, RoundRobinAssignor.class, StickyAssignor.class,
            CooperativeStickyAssignor.class})
    void consumers_share_partitions_by_each_assignor_commit_and_hand_over(Class<?> assignor) throws Exception {
        try (var first = consumer(assignor, null);
                Admin admin = Admin.create(Map.of("bootstrap.servers",
                        bootstrap()))) {
            pollUntil(4, first);
            first.commitSync(Map.of(PLACE, new OffsetAndMetadata(42, "half way")));
            try (var second = consumer(assignor, null)) {
                pollUntil(2, first, second);
                assertThat(union(first.assignment(), second.assignment())).hasSize(4);
                assertThat(second.committed(Set.of(PLACE)).get(PLACE)).isEqualTo(new OffsetAndMetadata(42,
                        "half way"));
                assertDescribed(admin);
            }
            pollUntil(4, first);
            assertRefusedWhileRead(admin);
        }
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap()))) {
            assertEmptyAndDeleted(admin);
        }
    }

    private void assertDescribed(Admin admin) throws Exception {
        ConsumerGroupDescription described = admin.describeConsumerGroups(List.of(group)).describedGroups().get(group)
                .get(20, TimeUnit.SECONDS);
        assertThat(described.type()).isEqualTo(GroupType.CLASSIC);
        assertThat(described.groupState()).isEqualTo(GroupState.STABLE);
        assertThat(described.coordinator().id()).isEqualTo(coordinator.address().id());
        assertThat(described.members()).hasSize(2).allSatisfy(member -> {
            assertThat(member.consumerId()).startsWith("reader-");
            assertThat(member.host()).isEqualTo("/127.0.0.1");
            assertThat(member.assignment().topicPartitions()).hasSize(2);
        });
        assertThat(admin.listGroups(ListGroupsOptions.forConsumerGroups()).all().get(20, TimeUnit.SECONDS))
                .filteredOn(listing -> listing.groupId().equals(group)).singleElement().satisfies(listing -> {
                    assertThat(listing.type()).contains(GroupType.CLASSIC);
                    assertThat(listing.protocol()).isEqualTo("consumer");
                    assertThat(listing.groupState()).contains(GroupState.STABLE);
                });
    }

    private void assertRefusedWhileRead(Admin admin) {
        assertThatThrownBy(() -> admin.deleteConsumerGroups(List.of(group)).all().get(20, TimeUnit.SECONDS))
                .hasCauseInstanceOf(GroupNotEmptyException.class);
        assertThatThrownBy(() -> admin.deleteConsumerGroupOffsets(group, Set.of(PLACE)).all().get(20,
                TimeUnit.SECONDS)).hasCauseInstanceOf(GroupSubscribedToTopicException.class);
    }

    private void assertEmptyAndDeleted(Admin admin) throws Exception {
        var described = admin.describeConsumerGroups(List.of(group)).describedGroups().get(group).get(20,
                TimeUnit.SECONDS);
        assertThat(described.groupState()).isEqualTo(GroupState.EMPTY);
        var committed = admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata();
        assertThat(committed.get(20, TimeUnit.SECONDS)).containsKey(PLACE);
        admin.deleteConsumerGroups(List.of(group)).all().get(20, TimeUnit.SECONDS);
        assertThat(coordinator.groups().list()).noneMatch(listed -> listed.group().groupId().equals(group));
    }

    /** Notes what a consumer had to give up. */
    private static final class Losses implements ConsumerRebalanceListener {
        final Set<TopicPartition> lost = new HashSet<>();

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {}

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
            lost.addAll(partitions);
        }
    }

    @Test
    void a_static_consumer_that_restarts_has_its_partitions_again_and_the_other_notices_nothing() throws Exception {
        var losses = new Losses();
        Set<TopicPartition> owned;
        try (var other = consumer(RangeAssignor.class, "desk-2")) {
            other.subscribe(List.of("orders"), losses);
            try (var first = consumer(RangeAssignor.class, "desk-1")) {
                pollUntil(2, first, other);
                owned = first.assignment();
                settledGeneration(first, other);
                losses.lost.clear();
            }
            int generation = other.groupMetadata().generationId();
            try (var again = consumer(RangeAssignor.class, "desk-1")) {
                pollUntil(2, again, other);
                assertThat(again.assignment()).isEqualTo(owned);
                again.commitSync(Map.of(PLACE, new OffsetAndMetadata(5)));
                other.commitSync(Map.of(PLACE, new OffsetAndMetadata(6)));
                assertThat(again.groupMetadata().generationId()).isEqualTo(generation);
                assertThat(other.groupMetadata().generationId()).isEqualTo(generation);
                assertThat(losses.lost).isEmpty();
            }
            assertRemovedByName(other);
        }
    }

    private void assertRemovedByName(KafkaConsumer<byte[], byte[]> other) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap()))) {
            admin.removeMembersFromConsumerGroup(group, new RemoveMembersFromConsumerGroupOptions(List.of(
                    new MemberToRemove("desk-1")))).all().get(20, TimeUnit.SECONDS);
        }
        pollUntil(4, other);
    }

    @Test
    void consumers_go_on_without_a_rebalance_while_their_group_goes_to_the_next_coordinator() {
        var losses = new Losses();
        try (var first = consumer(CooperativeStickyAssignor.class, null);
                var second = consumer(CooperativeStickyAssignor.class, null)) {
            first.subscribe(List.of("orders"), losses);
            pollUntil(2, first, second);
            int generation = settledGeneration(first, second);
            losses.lost.clear();
            coordinator.releaseAll();
            try {
                first.commitAsync(Map.of(PLACE, new OffsetAndMetadata(1)), null);
                first.poll(SHORT);
                second.poll(SHORT);
            } finally {
                coordinator.takeOverAll();
            }
            first.commitSync(Map.of(PLACE, new OffsetAndMetadata(2)));
            second.commitSync(Map.of(new TopicPartition("orders", 1), new OffsetAndMetadata(3)));
            pollUntil(2, first, second);
            assertThat(first.committed(Set.of(PLACE)).get(PLACE).offset()).isEqualTo(2);
            assertThat(List.of(first.groupMetadata().generationId(), second.groupMetadata().generationId()))
                    .containsOnly(generation);
            assertThat(losses.lost).isEmpty();
            assertThat(coordinator.groups().findClassic(group)).isNotNull();
        }
    }

    @Test
    void the_group_of_a_consumer_that_assigns_itself_partitions_stays_without_members() {
        try (var consumer = consumer(RangeAssignor.class, null)) {
            consumer.unsubscribe();
            consumer.assign(List.of(PLACE));
            consumer.commitSync(Map.of(PLACE, new OffsetAndMetadata(9)));
            assertThat(consumer.committed(Set.of(PLACE)).get(PLACE).offset()).isEqualTo(9);
        }
        assertThat(Optional.ofNullable(coordinator.groups().findClassic(group))).isEmpty();
        assertThat(coordinator.groups().find(group).members()).isEmpty();
    }
}
