package io.millrace.coordinator.listener;

import static io.millrace.coordinator.listener.PolledConsumers.pollUntil;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.DescribeConsumerGroupsOptions;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.admin.ListGroupsOptions;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.GroupType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.GroupNotEmptyException;
import org.apache.kafka.common.errors.GroupSubscribedToTopicException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Kafka's own consumer and admin client at a coordinator, without a broker: all but reading. */
@ResourceLock(ListeningCoordinator.ALONE)
class KafkaConsumersTest {
    private static final Duration SHORT = Duration.ofMillis(50);

    private final ListeningCoordinator coordinator = ListeningCoordinator.shared();
    private final String group = "kafka-" + UUID.randomUUID();

    private String bootstrap() {
        return coordinator.address().host() + ":" + coordinator.address().port();
    }

    private KafkaConsumer<byte[], byte[]> consumer(String protocol) {
        return consumer(null, protocol);
    }

    private KafkaConsumer<byte[], byte[]> consumer(@Nullable String instanceId, String protocol) {
        Map<String, Object> settings = new HashMap<>(Map.of("bootstrap.servers", bootstrap(), "group.id", group,
                "group.protocol", protocol, "enable.auto.commit", false, "client.id", "reader",
                "default.api.timeout.ms", 20_000));
        if (instanceId != null) {
            settings.put("group.instance.id", instanceId);
        }
        return new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    @Test
    void consumers_share_partitions_commit_and_hand_over() throws Exception {
        var place = new TopicPartition("orders", 0);
        try (var first = consumer("consumer"); Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap()))) {
            first.subscribe(List.of("orders"));
            pollUntil(4, first);
            first.commitSync(Map.of(place, new OffsetAndMetadata(42, "half way")));
            try (var second = consumer("consumer")) {
                second.subscribe(List.of("orders"));
                pollUntil(2, first, second);
                assertThat(union(first.assignment(), second.assignment())).hasSize(4);
                assertThat(second.committed(Set.of(place)).get(place)).isEqualTo(new OffsetAndMetadata(42, "half way"));
                assertDescribed(admin);
            }
            pollUntil(4, first);
            assertRefusedWhileRead(admin, place);
        }
        assertAdministered(admin(), place);
    }

    private Admin admin() {
        return Admin.create(Map.of("bootstrap.servers", bootstrap()));
    }

    private static Set<TopicPartition> union(Collection<TopicPartition> some, Collection<TopicPartition> others) {
        var union = new HashSet<>(some);
        union.addAll(others);
        return union;
    }

    private void assertDescribed(Admin admin) throws Exception {
        ConsumerGroupDescription described = admin.describeConsumerGroups(List.of(group)).describedGroups().get(group)
                .get(20, TimeUnit.SECONDS);
        assertThat(described.type()).isEqualTo(GroupType.CONSUMER);
        assertThat(described.groupState()).isIn(GroupState.STABLE, GroupState.RECONCILING);
        assertThat(described.partitionAssignor()).isEqualTo("uniform");
        assertThat(described.coordinator().id()).isEqualTo(coordinator.address().id());
        assertMayDoAll(admin);
        assertThat(described.members()).hasSize(2).allSatisfy(member -> {
            assertThat(member.clientId()).isEqualTo("reader");
            assertThat(member.host()).isEqualTo("/127.0.0.1");
            assertThat(member.assignment().topicPartitions()).hasSize(2);
        });
    }

    private void assertRefusedWhileRead(Admin admin, TopicPartition place) {
        assertThatThrownBy(() -> admin.deleteConsumerGroups(List.of(group)).all().get(20, TimeUnit.SECONDS))
                .hasCauseInstanceOf(GroupNotEmptyException.class);
        assertThatThrownBy(() -> admin.deleteConsumerGroupOffsets(group, Set.of(place)).all().get(20,
                TimeUnit.SECONDS)).hasCauseInstanceOf(GroupSubscribedToTopicException.class);
    }

    private void assertAdministered(Admin admin, TopicPartition place) throws Exception {
        try (admin) {
            assertThat(admin.listGroups(ListGroupsOptions.forConsumerGroups()).all().get(20, TimeUnit.SECONDS))
                    .filteredOn(listing -> listing.groupId().equals(group)).singleElement()
                    .satisfies(listing -> assertThat(listing.groupState()).contains(GroupState.EMPTY))
                    .extracting(GroupListing::type).isEqualTo(java.util.Optional.of(GroupType.CONSUMER));
            var returns = new TopicPartition("returns", 1);
            admin.alterConsumerGroupOffsets(group, Map.of(returns, new OffsetAndMetadata(7))).all().get(20,
                    TimeUnit.SECONDS);
            assertThat(committed(admin)).containsEntry(place, new OffsetAndMetadata(42, "half way")).containsEntry(
                    returns, new OffsetAndMetadata(7));
            admin.deleteConsumerGroupOffsets(group, Set.of(returns)).all().get(20, TimeUnit.SECONDS);
            assertThat(committed(admin)).containsOnlyKeys(place);
            admin.deleteConsumerGroups(List.of(group)).all().get(20, TimeUnit.SECONDS);
            assertThat(committed(admin)).isEmpty();
            assertThatThrownBy(() -> admin.describeConsumerGroups(List.of(group)).all().get(20, TimeUnit.SECONDS))
                    .hasCauseInstanceOf(GroupIdNotFoundException.class);
        }
    }

    private Map<TopicPartition, OffsetAndMetadata> committed(Admin admin) throws Exception {
        return admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get(20, TimeUnit.SECONDS);
    }

    @Test
    void a_group_that_only_has_offsets_is_a_simple_one_of_the_classic_protocol() throws Exception {
        var place = new TopicPartition("orders", 2);
        try (Admin admin = admin()) {
            admin.alterConsumerGroupOffsets(group, Map.of(place, new OffsetAndMetadata(7))).all().get(20,
                    TimeUnit.SECONDS);

            assertThat(admin.listGroups(new ListGroupsOptions().withTypes(Set.of(GroupType.CLASSIC))).all().get(20,
                    TimeUnit.SECONDS)).filteredOn(listed -> listed.groupId().equals(group)).singleElement().satisfies(
                            listed -> assertThat(listed.isSimpleConsumerGroup()).isTrue());
            var described = admin.describeConsumerGroups(List.of(group)).describedGroups().get(group).get(20,
                    TimeUnit.SECONDS);
            assertThat(described.isSimpleConsumerGroup()).isTrue();
            assertThat(described.groupState()).isEqualTo(GroupState.EMPTY);
            assertThat(described.authorizedOperations()).as("not asked for").isNull();
            assertMayDoAll(admin);
            assertThat(committed(admin)).containsOnlyKeys(place);
            admin.deleteConsumerGroups(List.of(group)).all().get(20, TimeUnit.SECONDS);
        }
    }

    private void assertMayDoAll(Admin admin) throws Exception {
        assertThat(admin.describeConsumerGroups(List.of(group), new DescribeConsumerGroupsOptions()
                .includeAuthorizedOperations(true)).describedGroups().get(group).get(20, TimeUnit.SECONDS)
                .authorizedOperations()).containsExactlyInAnyOrder(AclOperation.READ, AclOperation.DESCRIBE,
                        AclOperation.DELETE, AclOperation.DESCRIBE_CONFIGS, AclOperation.ALTER_CONFIGS);
    }

    @ParameterizedTest
    @ValueSource(strings = {"consumer", "classic"})
    void a_pattern_that_matches_nothing_yet_waits_for_its_topic(String protocol) {
        String topic = "not-yet-" + UUID.randomUUID();
        try (var consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", bootstrap(), "group.id", group,
                "group.protocol", protocol, "enable.auto.commit", false, "metadata.max.age.ms", 200),
                new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.subscribe(Pattern.compile(Pattern.quote(topic)));
            Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> {
                consumer.poll(SHORT);
                return coordinator.groups().list().stream().anyMatch(listed -> listed.group().groupId().equals(group));
            });
            coordinator.images.topic(topic, 2);

            pollUntil(2, consumer);
        } finally {
            coordinator.images.delete(topic);
        }
    }

    @Test
    void a_static_consumer_that_restarts_has_its_partitions_again() {
        Set<TopicPartition> owned;
        try (var other = consumer("desk-2", "consumer")) {
            other.subscribe(List.of("orders"));
            try (var first = consumer("desk-1", "consumer")) {
                first.subscribe(List.of("orders"));
                pollUntil(2, first, other);
                owned = first.assignment();
            }
            long epoch = coordinator.groups().find(group).epoch();
            try (var again = consumer("desk-1", "consumer")) {
                again.subscribe(List.of("orders"));
                pollUntil(2, again, other);
                assertThat(again.assignment()).isEqualTo(owned);
                assertThat(coordinator.groups().find(group).epoch()).isEqualTo(epoch);
            }
        }
    }

    @Test
    void a_consumer_keeps_its_partitions_while_its_group_goes_to_the_next_term() {
        var place = new TopicPartition("orders", 1);
        var lost = new HashSet<TopicPartition>();
        try (var consumer = consumer("consumer")) {
            consumer.subscribe(List.of("orders"), new ConsumerRebalanceListener() {
                @Override
                public void onPartitionsAssigned(Collection<TopicPartition> partitions) {}

                @Override
                public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
                    lost.addAll(partitions);
                }
            });
            pollUntil(4, consumer);
            coordinator.releaseAll();
            try {
                consumer.commitAsync(Map.of(place, new OffsetAndMetadata(1)), null);
                consumer.poll(SHORT);
            } finally {
                coordinator.takeOverAll();
            }
            consumer.commitSync(Map.of(place, new OffsetAndMetadata(2)));
            pollUntil(4, consumer);
            assertThat(consumer.committed(Set.of(place)).get(place).offset()).isEqualTo(2);
            assertThat(lost).isEmpty();
        }
    }
}
