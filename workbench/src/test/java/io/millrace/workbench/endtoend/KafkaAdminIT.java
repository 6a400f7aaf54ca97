package io.millrace.workbench.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.millrace.workbench.suite.Suite;
import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ConfigEntry.ConfigSource;
import org.apache.kafka.clients.admin.ListConfigResourcesOptions;
import org.apache.kafka.clients.admin.ListGroupsOptions;
import org.apache.kafka.clients.admin.MemberToRemove;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicCollection;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.ElectionNotNeededException;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;

/** The calls of Kafka's admin client that Millrace answers, and what it refuses by name. */
@WithSteadySuite
@Order(5)
class KafkaAdminIT {
    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    private final Suite suite;
    private final Gateway gateway;
    private final Admin admin;

    KafkaAdminIT(Suite suite, Gateway gateway) {
        this.suite = suite;
        this.gateway = gateway;
        admin = Admin.create(Map.of("bootstrap.servers", suite.bootstrapServers()));
    }

    @AfterEach
    void close() {
        admin.close();
    }

    private static <T> T get(KafkaFuture<T> future) throws Exception {
        return future.get(20, TimeUnit.SECONDS);
    }

    @Test
    void a_topic_is_created_on_chosen_brokers_grown_and_deleted_by_its_id() throws Exception {
        get(admin.createTopics(List.of(new NewTopic("admin-topic", Map.of(0, List.of(2, 0), 1, List.of(1, 2))))).all());
        TopicDescription described = get(admin.describeTopics(List.of("admin-topic")).allTopicNames()).get(
                "admin-topic");
        assertThat(described.partitions().getFirst().replicas()).extracting(Node::id).containsExactly(2, 0);

        get(admin.createPartitions(Map.of("admin-topic", NewPartitions.increaseTo(3, List.of(List.of(0, 1))))).all());

        Uuid id = described.topicId();
        TopicDescription grown = get(admin.describeTopics(TopicCollection.ofTopicIds(List.of(id))).allTopicIds()).get(
                id);
        assertThat(grown.partitions()).hasSize(3);
        assertThat(grown.partitions().getLast().replicas()).extracting(Node::id).containsExactly(0, 1);
        get(admin.deleteTopics(TopicCollection.ofTopicIds(List.of(id))).all());
        assertThat(get(admin.listTopics().names())).doesNotContain("admin-topic");
        assertThatThrownBy(() -> get(admin.deleteTopics(List.of("admin-topic")).all())).hasCauseInstanceOf(
                UnknownTopicOrPartitionException.class);
    }

    @Test
    void a_topics_settings_are_read_changed_one_by_one_and_refused_by_name() throws Exception {
        gateway.createTopic("admin-configs", 1);
        ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, "admin-configs");

        alter(topic, new AlterConfigOp(new ConfigEntry("retention.ms", "7200000"), OpType.SET), new AlterConfigOp(
                new ConfigEntry("cleanup.policy", "delete"), OpType.SET));

        ConfigEntry retention = config(topic).get("retention.ms");
        assertThat(retention.value()).isEqualTo("7200000");
        assertThat(retention.source()).isEqualTo(ConfigSource.DYNAMIC_TOPIC_CONFIG);
        assertThat(config(topic).get("min.insync.replicas").isDefault()).isTrue();
        alter(topic, new AlterConfigOp(new ConfigEntry("retention.ms", ""), OpType.DELETE));
        assertThat(config(topic).get("retention.ms").isDefault()).isTrue();
        assertThatThrownBy(() -> alter(topic, new AlterConfigOp(new ConfigEntry("retention.sm", "1"), OpType.SET)))
                .hasCauseInstanceOf(InvalidConfigurationException.class).hasMessageContaining("retention.sm");
        assertThat(get(admin.listConfigResources(Set.of(ConfigResource.Type.TOPIC), new ListConfigResourcesOptions())
                .all())).contains(topic);
        String broker = Integer.toString(get(admin.describeCluster().nodes()).iterator().next().id());
        assertThat(get(admin.describeConfigs(List.of(new ConfigResource(ConfigResource.Type.BROKER, broker))).all())
                .values()).allSatisfy(config -> assertThat(config.entries()).isNotEmpty());
    }

    private void alter(ConfigResource topic, AlterConfigOp... changes) throws Exception {
        Map<ConfigResource, Collection<AlterConfigOp>> all = Map.of(topic, List.of(changes));
        get(admin.incrementalAlterConfigs(all).all());
    }

    private Map<String, ConfigEntry> config(ConfigResource topic) throws Exception {
        Config config = get(admin.describeConfigs(List.of(topic)).all()).get(topic);
        return config.entries().stream().collect(Collectors.toMap(ConfigEntry::name, entry -> entry));
    }

    @Test
    void offsets_are_listed_by_every_specification_and_records_deleted_before_one() throws Exception {
        produce("admin-offsets", 10);
        TopicPartition place = new TopicPartition("admin-offsets", 0);
        assertThat(offset(place, OffsetSpec.earliest())).isZero();
        assertThat(offset(place, OffsetSpec.latest())).isEqualTo(10);
        assertThat(offset(place, OffsetSpec.forTimestamp(0))).isZero();
        assertThat(offset(place, OffsetSpec.forTimestamp(System.currentTimeMillis() + 60_000))).isEqualTo(-1);
        assertThat(offset(place, OffsetSpec.maxTimestamp())).isBetween(0L, 9L);
        assertThat(offset(place, OffsetSpec.earliestLocal())).isZero();

        assertThat(get(admin.deleteRecords(Map.of(place, RecordsToDelete.beforeOffset(4))).lowWatermarks().get(place))
                .lowWatermark()).isEqualTo(4);

        assertThat(offset(place, OffsetSpec.earliest())).isEqualTo(4);
        get(admin.deleteRecords(Map.of(place, RecordsToDelete.beforeOffset(-1))).all());
        assertThat(offset(place, OffsetSpec.earliest())).isEqualTo(10);
    }

    private long offset(TopicPartition place, OffsetSpec specification) throws Exception {
        return get(admin.listOffsets(Map.of(place, specification)).partitionResult(place)).offset();
    }

    private void produce(String topic, int count) throws IOException, InterruptedException {
        gateway.createTopic(topic, 1);
        gateway.produce(topic, IntStream.range(0, count).mapToObj(value -> "{\"value\":" + value + "}").toList());
    }

    @Test
    void the_cluster_its_directories_its_moves_and_its_elections() throws Exception {
        get(admin.createTopics(List.of(new NewTopic("admin-moves", Map.of(0, List.of(0, 1))))).all());
        TopicPartition place = new TopicPartition("admin-moves", 0);
        var cluster = admin.describeCluster();
        assertThat(get(cluster.nodes())).extracting(Node::id).containsExactlyInAnyOrder(0, 1, 2);
        assertThat(get(cluster.clusterId())).isNotBlank();
        assertThat(get(cluster.controller())).isNotNull();
        await("a broker makes its folder once it has heard of the topic").atMost(TIMEOUT).untilAsserted(
                () -> assertThat(
                        get(admin.describeLogDirs(List.of(0)).allDescriptions()).get(0).values()).anySatisfy(
                                directory -> assertThat(directory.replicaInfos()).containsKey(place)));

        get(admin.alterPartitionReassignments(Map.of(place, Optional.of(new NewPartitionReassignment(List.of(1,
                2))))).all());

        await().atMost(TIMEOUT).untilAsserted(() -> {
            assertThat(get(admin.listPartitionReassignments(Set.of(place)).reassignments())).isEmpty();
            assertThat(replicas("admin-moves")).containsExactly(1, 2);
        });
        try {
            get(admin.electLeaders(ElectionType.PREFERRED, Set.of(place)).all());
        } catch (ExecutionException e) {
            assertThat(e).hasCauseInstanceOf(ElectionNotNeededException.class); // it leads already
        }
        await().atMost(TIMEOUT).untilAsserted(() -> assertThat(get(admin.describeTopics(List.of("admin-moves"))
                .allTopicNames()).get("admin-moves").partitions().getFirst().leader().id()).isEqualTo(1));
    }

    private List<Integer> replicas(String topic) throws Exception {
        return get(admin.describeTopics(List.of(topic)).allTopicNames()).get(topic).partitions().getFirst().replicas()
                .stream().map(Node::id).toList();
    }

    @Test
    void groups_of_both_protocols_are_listed_described_emptied_and_their_offsets_changed() throws Exception {
        produce("admin-groups", 10);
        TopicPartition place = new TopicPartition("admin-groups", 0);
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", suite
                .bootstrapServers(), "group.id", "admin-groups", "group.instance.id", "desk", "auto.offset.reset",
                "earliest", "enable.auto.commit", false), new StringDeserializer(), new StringDeserializer())) {
            consumer.subscribe(List.of("admin-groups"));
            await().atMost(TIMEOUT).pollDelay(Duration.ZERO).until(() -> !consumer.poll(Duration.ofMillis(100))
                    .isEmpty());
            consumer.commitSync(Map.of(place, new OffsetAndMetadata(7, "page 3")));
            var described = get(admin.describeClassicGroups(List.of("admin-groups")).all()).get("admin-groups");
            assertThat(described.protocol()).isEqualTo("consumer");
            assertThat(described.members()).singleElement().satisfies(member -> {
                assertThat(member.groupInstanceId()).contains("desk");
                assertThat(member.assignment().topicPartitions()).containsExactly(place);
            });
        }
        assertThat(get(admin.listGroups(ListGroupsOptions.forConsumerGroups().inGroupStates(Set.of(GroupState.STABLE)))
                .all())).extracting(listing -> listing.groupId()).contains("admin-groups");

        get(admin.removeMembersFromConsumerGroup("admin-groups", new RemoveMembersFromConsumerGroupOptions(List.of(
                new MemberToRemove("desk")))).all());

        assertThat(get(admin.describeConsumerGroups(List.of("admin-groups")).all()).get("admin-groups").groupState())
                .isEqualTo(GroupState.EMPTY);
        assertThat(get(admin.listConsumerGroupOffsets("admin-groups").partitionsToOffsetAndMetadata()).get(place)
                .metadata()).isEqualTo("page 3");
        get(admin.alterConsumerGroupOffsets("admin-groups", Map.of(place, new OffsetAndMetadata(2))).all());
        assertThat(gateway.get("/groups/admin-groups/lag").expect(200).body().get("total_lag").asInt()).isEqualTo(8);
        get(admin.deleteConsumerGroupOffsets("admin-groups", Set.of(place)).all());
        get(admin.deleteConsumerGroups(List.of("admin-groups")).all());
        gateway.get("/groups/admin-groups").expect(404);
    }

    @Test
    void what_is_not_there_is_refused_by_name() {
        assertThatThrownBy(() -> get(admin.describeUserScramCredentials().all())).hasCauseInstanceOf(
                UnsupportedVersionException.class);
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(Map.of("bootstrap.servers", suite
                .bootstrapServers(), "transactional.id", "refused", "max.block.ms", 10_000), new StringSerializer(),
                new StringSerializer())) {
            assertThatThrownBy(producer::initTransactions).isInstanceOf(KafkaException.class).hasMessageContaining(
                    "ransaction");
        }
    }
}
