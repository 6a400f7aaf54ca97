package io.millrace.broker.listener;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.millrace.common.metadata.TopicConfigKey;
import io.millrace.common.wire.BrokerClient;
import io.millrace.common.wire.BrokerClientConfig;
import io.millrace.common.wire.Lane;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.function.Function;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.clients.admin.AlterConfigsOptions;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.CreatePartitionsOptions;
import org.apache.kafka.clients.admin.DescribeConfigsOptions;
import org.apache.kafka.clients.admin.ListConfigResourcesOptions;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicCollection;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.ConfigResource.Type;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.InvalidPartitionsException;
import org.apache.kafka.common.errors.InvalidReplicaAssignmentException;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.UnknownTopicIdException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.message.AlterConfigsRequestData;
import org.apache.kafka.common.message.AlterConfigsRequestData.AlterableConfig;
import org.apache.kafka.common.message.AlterConfigsRequestData.AlterableConfigCollection;
import org.apache.kafka.common.message.CreatePartitionsRequestData;
import org.apache.kafka.common.message.CreatePartitionsRequestData.CreatePartitionsTopic;
import org.apache.kafka.common.message.CreatePartitionsRequestData.CreatePartitionsTopicCollection;
import org.apache.kafka.common.message.CreateTopicsRequestData;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableReplicaAssignment;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableReplicaAssignmentCollection;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopic;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopicCollection;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopicConfig;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopicConfigCollection;
import org.apache.kafka.common.message.DeleteTopicsRequestData;
import org.apache.kafka.common.message.DeleteTopicsRequestData.DeleteTopicState;
import org.apache.kafka.common.message.DescribeConfigsRequestData;
import org.apache.kafka.common.message.DescribeConfigsRequestData.DescribeConfigsResource;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData;
import org.apache.kafka.common.message.ListConfigResourcesRequestData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.AlterConfigsResponse;
import org.apache.kafka.common.requests.CreatePartitionsResponse;
import org.apache.kafka.common.requests.CreateTopicsResponse;
import org.apache.kafka.common.requests.DeleteTopicsResponse;
import org.apache.kafka.common.requests.DescribeConfigsResponse;
import org.apache.kafka.common.requests.IncrementalAlterConfigsResponse;
import org.apache.kafka.common.requests.ListConfigResourcesResponse;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Topics and their settings, as Kafka's admin client and single requests meet them. */
class TopicConfigsTest {
    private static final ConfigResource BROKER = new ConfigResource(Type.BROKER, Integer.toString(TestBroker.ID));

    @TempDir
    private Path folder;
    private TestBroker broker;
    private Admin admin;
    private final BrokerClient client = BrokerClient.create(BrokerClientConfig.withClientId("test"));

    @BeforeEach
    void start() throws IOException {
        broker = new TestBroker(folder);
        admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrap()));
    }

    @AfterEach
    void stop() {
        admin.close(Duration.ZERO);
        client.close();
        broker.close();
    }

    private static ConfigResource topic(String name) {
        return new ConfigResource(Type.TOPIC, name);
    }

    private Config described(ConfigResource resource) throws ExecutionException, InterruptedException {
        var options = new DescribeConfigsOptions().includeSynonyms(true).includeDocumentation(true);
        return admin.describeConfigs(List.of(resource), options).all().get().get(resource);
    }

    private void alter(ConfigResource resource, AlterConfigOp... changes) throws ExecutionException,
            InterruptedException {
        admin.incrementalAlterConfigs(Map.of(resource, List.of(changes))).all().get();
    }

    private static AlterConfigOp change(OpType operation, String name, String value) {
        return new AlterConfigOp(new ConfigEntry(name, value), operation);
    }

    private static void assertFails(KafkaFuture<?> answer, Class<? extends Exception> with, String named) {
        assertThatThrownBy(answer::get).cause().isInstanceOf(with).hasMessageContaining(named);
    }

    @Test
    void a_topic_tells_all_of_its_settings_with_where_they_come_from() throws Exception {
        broker.images.createTopic("t", 1, TestBroker.ID, Map.of("retention.ms", "5000"));

        Config config = described(topic("t"));

        assertThat(config.entries()).hasSize(TopicConfigKey.values().length).allSatisfy(entry -> {
            assertThat(entry.value()).isNotNull();
            assertThat(entry.documentation()).isNotBlank();
            assertThat(entry.type()).isNotEqualTo(ConfigEntry.ConfigType.UNKNOWN);
            assertThat(entry.isReadOnly()).isFalse();
        });
        assertThat(config.get("retention.ms")).satisfies(entry -> {
            assertThat(entry.value()).isEqualTo("5000");
            assertThat(entry.source()).isEqualTo(ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG);
            assertThat(entry.type()).isEqualTo(ConfigEntry.ConfigType.LONG);
            assertThat(entry.synonyms()).extracting(ConfigEntry.ConfigSynonym::name, ConfigEntry.ConfigSynonym::value)
                    .containsExactly(tuple("retention.ms", "5000"),
                            tuple("log.retention.ms", "604800000"));
        });
        assertThat(config.get("cleanup.policy").isDefault()).isTrue();
        assertThat(config.get("cleanup.policy").type()).isEqualTo(ConfigEntry.ConfigType.LIST);
        assertFails(admin.describeConfigs(List.of(topic("none"))).all(), UnknownTopicOrPartitionException.class, "");
        assertFails(admin.describeConfigs(List.of(topic("no topic"))).all(), InvalidTopicException.class, "");
    }

    @Test
    void only_the_settings_that_are_named_are_told_and_a_resource_once() {
        broker.images.createTopic("t", 1, TestBroker.ID, Map.of());
        var named = new DescribeConfigsResource().setResourceType(Type.TOPIC.id()).setResourceName("t")
                .setConfigurationKeys(List.of("segment.ms", "no.such"));
        var unknown = new DescribeConfigsResource().setResourceType((byte) 77).setResourceName("t");

        var results = send(ApiKeys.DESCRIBE_CONFIGS, 1, new DescribeConfigsRequestData().setResources(List.of(named,
                named, unknown)), DescribeConfigsResponse.class).data().results();

        assertThat(results).hasSize(2);
        assertThat(results.getFirst().configs()).singleElement().satisfies(config -> {
            assertThat(config.name()).isEqualTo("segment.ms");
            assertThat(config.synonyms()).isEmpty();
            assertThat(config.documentation()).isNullOrEmpty();
        });
        assertThat(results.getLast().errorCode()).isEqualTo(Errors.INVALID_REQUEST.code());
    }

    @Test
    void all_settings_are_told_where_none_are_named() {
        broker.images.createTopic("t", 1, TestBroker.ID, Map.of());
        var none = new DescribeConfigsResource().setResourceType(Type.TOPIC.id()).setResourceName("t")
                .setConfigurationKeys(List.of());

        var results = send(ApiKeys.DESCRIBE_CONFIGS, 1, new DescribeConfigsRequestData().setResources(List.of(none)),
                DescribeConfigsResponse.class).data().results();

        assertThat(results).singleElement().satisfies(result -> assertThat(result.configs()).hasSize(TopicConfigKey
                .values().length));
    }

    @Test
    void what_another_version_stored_is_told_by_what_holds_and_lets_others_be_changed() throws Exception {
        broker.images.createTopic("t", 1, TestBroker.ID, Map.of("from.the.future", "1", "segment.bytes", "7"));

        alter(topic("t"), change(OpType.SET, "retention.ms", "60000"));

        assertThat(described(topic("t")).get("segment.bytes")).satisfies(entry -> {
            assertThat(entry.value()).isEqualTo("1073741824");
            assertThat(entry.source()).isEqualTo(ConfigEntry.ConfigSource.DEFAULT_CONFIG);
        });
        assertThat(broker.images.current().topic("t").configs()).isEqualTo(Map.of("from.the.future", "1",
                "segment.bytes", "7", "retention.ms", "60000"));
    }

    @Test
    void no_topic_is_asked_for_by_a_name_that_none_can_have() {
        broker.services.away = true;
        for (String name : List.of("a/b", "..", "t?x=1", "")) {
            assertFails(admin.incrementalAlterConfigs(Map.of(topic(name), List.of(change(OpType.SET, "segment.ms",
                    "1")))).all(), InvalidTopicException.class, "");
            var partitions = new CreatePartitionsTopicCollection();
            partitions.add(new CreatePartitionsTopic().setName(name).setCount(2).setAssignments(null));
            assertThat(send(ApiKeys.CREATE_PARTITIONS, 3, new CreatePartitionsRequestData().setTopics(partitions),
                    CreatePartitionsResponse.class).data().results()).singleElement().satisfies(
                            result -> assertThat(result.errorCode()).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION
                                    .code()));
            assertThat(send(ApiKeys.DELETE_TOPICS, 6, new DeleteTopicsRequestData().setTopics(List.of(
                    new DeleteTopicState().setName(name))), DeleteTopicsResponse.class).data().responses())
                    .singleElement().satisfies(result -> assertThat(result.errorCode()).isEqualTo(
                            Errors.UNKNOWN_TOPIC_OR_PARTITION.code()));
        }
        assertThat(broker.services.refused).hasValue(0);
    }

    @Test
    void settings_of_a_new_topic_have_one_value_each() {
        var topics = new CreatableTopicCollection();
        topics.add(new CreatableTopic().setName("none").setNumPartitions(1).setReplicationFactor((short) 1).setConfigs(
                configs("segment.ms", null, "flush.ms", "1", "retention.ms", null)));
        topics.add(new CreatableTopic().setName("two").setNumPartitions(1).setReplicationFactor((short) 1).setConfigs(
                configs("flush.ms", "1", "flush.ms", "2")));

        var answered = send(ApiKeys.CREATE_TOPICS, 7, new CreateTopicsRequestData().setTopics(topics),
                CreateTopicsResponse.class).data().topics();

        assertThat(answered.find("none")).satisfies(result -> {
            assertThat(result.errorCode()).isEqualTo(Errors.INVALID_CONFIG.code());
            assertThat(result.errorMessage()).isEqualTo(
                    "Null value not supported for topic configs: retention.ms,segment.ms");
        });
        assertThat(answered.find("two")).satisfies(result -> {
            assertThat(result.errorCode()).isEqualTo(Errors.INVALID_REQUEST.code());
            assertThat(result.errorMessage()).contains("flush.ms");
        });
        assertThat(broker.images.current().topicsByName()).isEmpty();
    }

    private static CreatableTopicConfigCollection configs(String... namesAndValues) {
        var configs = new CreatableTopicConfigCollection();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            configs.add(new CreatableTopicConfig().setName(namesAndValues[i]).setValue(namesAndValues[i + 1]));
        }
        return configs;
    }

    @Test
    void a_topic_named_once_by_name_and_once_by_id_is_not_deleted() {
        Uuid id = broker.images.createTopic("twice", 1, TestBroker.ID, Map.of()).id();
        broker.images.createTopic("once", 1, TestBroker.ID, Map.of());
        var byId = new DeleteTopicState().setName(null).setTopicId(id);
        var byName = new DeleteTopicState().setName("twice");
        for (var order : List.of(List.of(byId, byName), List.of(byName, byId))) {
            var answers = send(ApiKeys.DELETE_TOPICS, 6, new DeleteTopicsRequestData().setTopics(order),
                    DeleteTopicsResponse.class).data().responses();

            assertThat(answers).singleElement().satisfies(answer -> {
                assertThat(answer.errorCode()).isEqualTo(Errors.INVALID_REQUEST.code());
                assertThat(answer.name()).isEqualTo("twice");
                assertThat(answer.topicId()).isEqualTo(id);
            });
        }
        assertThat(broker.images.current().topicsByName()).containsOnlyKeys("twice", "once");
    }

    @Test
    void of_topics_with_too_many_partitions_together_none_is_created() {
        var topics = new CreatableTopicCollection();
        topics.add(new CreatableTopic().setName("half").setNumPartitions(5_000).setReplicationFactor((short) 1));
        topics.add(new CreatableTopic().setName("more").setNumPartitions(5_001).setReplicationFactor((short) 1));

        var answers = send(ApiKeys.CREATE_TOPICS, 7, new CreateTopicsRequestData().setTopics(topics).setTimeoutMs(
                10_000), CreateTopicsResponse.class).data().topics();

        assertThat(answers).hasSize(2).allSatisfy(answer -> assertThat(answer.errorCode()).isEqualTo(
                Errors.POLICY_VIOLATION.code()));
        assertThat(broker.images.current().topicsByName()).isEmpty();
    }

    @Test
    void what_is_not_begun_in_time_is_left_and_said_so() {
        for (String name : List.of("a", "b", "c")) {
            broker.images.createTopic(name, 1, TestBroker.ID, Map.of());
        }
        int timeoutMs = 20;
        long beganNanos = System.nanoTime();
        broker.services.beforeCall = () -> Awaitility.await().until(() -> System.nanoTime()
                - beganNanos > timeoutMs * 1_000_000L);

        var answers = send(ApiKeys.DELETE_TOPICS, 5, new DeleteTopicsRequestData().setTopicNames(List.of("a", "b",
                "c")).setTimeoutMs(timeoutMs), DeleteTopicsResponse.class).data().responses();

        assertThat(answers).hasSize(3).last().satisfies(answer -> assertThat(answer.errorCode()).isEqualTo(
                Errors.REQUEST_TIMED_OUT.code()));
        assertThat(broker.images.current().topicsByName()).containsKeys("b", "c");
    }

    @Test
    void topics_that_are_named_twice_are_not_deleted() {
        Uuid id = broker.images.createTopic("byId", 1, TestBroker.ID, Map.of()).id();
        broker.images.createTopic("byName", 1, TestBroker.ID, Map.of());
        broker.images.createTopic("once", 1, TestBroker.ID, Map.of());
        var byId = new DeleteTopicState().setName(null).setTopicId(id);
        var byName = new DeleteTopicState().setName("byName");

        var answers = send(ApiKeys.DELETE_TOPICS, 6, new DeleteTopicsRequestData().setTopics(List.of(byId, byName,
                new DeleteTopicState().setName("once"), byName.duplicate(), byId.duplicate())),
                DeleteTopicsResponse.class).data().responses();

        assertThat(answers).extracting(answer -> answer.errorCode()).containsExactly(Errors.INVALID_REQUEST.code(),
                Errors.INVALID_REQUEST.code(), Errors.NONE.code());
        assertThat(broker.images.current().topicsByName()).containsOnlyKeys("byId", "byName");
        assertThat(send(ApiKeys.DELETE_TOPICS, 5, new DeleteTopicsRequestData().setTopicNames(List.of("byName",
                "byName")), DeleteTopicsResponse.class).data().responses()).singleElement().satisfies(
                        answer -> assertThat(answer.errorCode()).isEqualTo(Errors.INVALID_REQUEST.code()));
    }

    @Test
    void settings_are_set_deleted_appended_and_subtracted_all_or_none() throws Exception {
        broker.images.createTopic("t", 1, TestBroker.ID, Map.of("flush.ms", "7"));

        alter(topic("t"), change(OpType.SET, "retention.ms", "60000"), change(OpType.DELETE, "flush.ms", null), change(
                OpType.APPEND, "cleanup.policy", "compact"));

        assertThat(broker.images.current().topic("t").configs()).isEqualTo(Map.of("retention.ms", "60000",
                "cleanup.policy", "delete,compact"));
        alter(topic("t"), change(OpType.SUBTRACT, "cleanup.policy", "delete"));
        assertThat(described(topic("t")).get("cleanup.policy").value()).isEqualTo("compact");
        assertFails(admin.incrementalAlterConfigs(Map.of(topic("t"), List.of(change(OpType.SET, "segment.ms", "1"),
                change(OpType.SET, "no.such", "1")))).all(), InvalidConfigurationException.class, "no.such");
        assertFails(admin.incrementalAlterConfigs(Map.of(topic("t"), List.of(change(OpType.APPEND, "segment.ms", "1"))))
                .all(), InvalidConfigurationException.class, "segment.ms");
        assertFails(admin.incrementalAlterConfigs(Map.of(topic("none"), List.of(change(OpType.SET, "segment.ms",
                "1")))).all(), UnknownTopicOrPartitionException.class, "none");
        admin.incrementalAlterConfigs(Map.of(topic("t"), List.of(change(OpType.SET, "segment.ms", "1"))),
                new AlterConfigsOptions().validateOnly(true)).all().get();
        assertThat(broker.images.current().topic("t").configs()).doesNotContainKey("segment.ms");
    }

    @Test
    void contradicting_changes_of_a_request_are_refused() {
        broker.images.createTopic("t", 1, TestBroker.ID, Map.of());
        var changes = new IncrementalAlterConfigsRequestData.AlterableConfigCollection();
        changes.add(new IncrementalAlterConfigsRequestData.AlterableConfig().setName("flush.ms").setValue("1"));
        changes.add(new IncrementalAlterConfigsRequestData.AlterableConfig().setName("flush.ms").setConfigOperation(
                (byte) 1).setValue(null));
        var twice = new IncrementalAlterConfigsRequestData.AlterConfigsResourceCollection();
        for (int i = 0; i < 2; i++) {
            twice.add(new IncrementalAlterConfigsRequestData.AlterConfigsResource().setResourceType(Type.BROKER.id())
                    .setResourceName("0"));
        }
        twice.add(new IncrementalAlterConfigsRequestData.AlterConfigsResource().setResourceType(Type.TOPIC.id())
                .setResourceName("t").setConfigs(changes));

        var answers = send(ApiKeys.INCREMENTAL_ALTER_CONFIGS, 1, new IncrementalAlterConfigsRequestData().setResources(
                twice), IncrementalAlterConfigsResponse.class).data().responses();

        assertThat(answers).hasSize(2).allSatisfy(answer -> assertThat(answer.errorCode()).isEqualTo(
                Errors.INVALID_REQUEST.code()));
        assertThat(answers.getLast().errorMessage()).contains("flush.ms");
    }

    @Test
    void the_old_way_to_alter_replaces_all_settings() {
        broker.images.createTopic("t", 1, TestBroker.ID, Map.of("flush.ms", "7"));
        var configs = new AlterableConfigCollection();
        configs.add(new AlterableConfig().setName("retention.ms").setValue("9"));
        var resources = new AlterConfigsRequestData.AlterConfigsResourceCollection();
        resources.add(new AlterConfigsRequestData.AlterConfigsResource().setResourceType(Type.TOPIC.id())
                .setResourceName("t").setConfigs(configs));

        var answers = send(ApiKeys.ALTER_CONFIGS, 0, new AlterConfigsRequestData().setResources(resources),
                AlterConfigsResponse.class).data().responses();

        assertThat(answers).singleElement().satisfies(answer -> assertThat(answer.errorCode()).isZero());
        assertThat(broker.images.current().topic("t").configs()).isEqualTo(Map.of("retention.ms", "9"));
    }

    @Test
    void a_broker_tells_what_it_was_started_with_and_refuses_to_change_it_by_name() throws Exception {
        Config config = described(BROKER);

        assertThat(config.get("replica.lag.time.max.ms")).satisfies(entry -> {
            assertThat(entry.value()).isEqualTo("2000");
            assertThat(entry.isReadOnly()).isTrue();
            assertThat(entry.source()).isEqualTo(ConfigEntry.ConfigSource.STATIC_BROKER_CONFIG);
            assertThat(entry.documentation()).contains("MILLRACE_REPLICATION_LAG_TIME_MAX");
        });
        assertThat(config.get("log.segment.bytes").isDefault()).isTrue();
        assertThat(described(new ConfigResource(Type.BROKER, "")).entries()).isNotEmpty();
        assertFails(admin.incrementalAlterConfigs(Map.of(BROKER, List.of(change(OpType.SET, "replica.lag.time.max.ms",
                "1")))).all(), InvalidRequestException.class, "MILLRACE_REPLICATION_LAG_TIME_MAX");
        assertFails(admin.incrementalAlterConfigs(Map.of(BROKER, List.of(change(OpType.SET, "num.io.threads", "1"))))
                .all(), InvalidRequestException.class, "num.io.threads");
        alter(BROKER, change(OpType.DELETE, "leader.replication.throttled.rate", null));
        var other = new DescribeConfigsResource().setResourceType(Type.BROKER.id()).setResourceName("5");
        assertThat(send(ApiKeys.DESCRIBE_CONFIGS, 4, new DescribeConfigsRequestData().setResources(List.of(other)),
                DescribeConfigsResponse.class).data().results().getFirst().errorCode()).isEqualTo(Errors.INVALID_REQUEST
                        .code());
    }

    @Test
    void what_has_settings_is_listed() throws Exception {
        broker.images.createTopic("t", 1, TestBroker.ID, Map.of());

        assertThat(admin.listConfigResources().all().get()).containsExactlyInAnyOrder(topic("t"), BROKER);
        assertThat(admin.listConfigResources(Set.of(Type.TOPIC), new ListConfigResourcesOptions())
                .all().get()).containsExactly(topic("t"));
        var unknown = new ListConfigResourcesRequestData().setResourceTypes(List.of((byte) 77));
        assertThat(send(ApiKeys.LIST_CONFIG_RESOURCES, 1, unknown, ListConfigResourcesResponse.class).data()
                .errorCode()).isEqualTo(Errors.UNSUPPORTED_VERSION.code());
        assertThat(send(ApiKeys.LIST_CONFIG_RESOURCES, 0, new ListConfigResourcesRequestData(),
                ListConfigResourcesResponse.class).data().configResources()).isEmpty();
    }

    @Test
    void topics_get_more_partitions_placed_or_assigned() throws Exception {
        broker.images.createTopic("t", 1, TestBroker.ID, Map.of());

        admin.createPartitions(Map.of("t", NewPartitions.increaseTo(3)), new CreatePartitionsOptions().validateOnly(
                true)).all().get();
        assertThat(broker.images.current().topic("t").partitions()).hasSize(1);
        admin.createPartitions(Map.of("t", NewPartitions.increaseTo(3, List.of(List.of(0), List.of(0))))).all().get();
        assertThat(broker.images.current().topic("t").partitions()).hasSize(3);
        assertThat(broker.services.asked.assignments()).isEqualTo(List.of(List.of(0), List.of(0)));
        admin.createPartitions(Map.of("t", NewPartitions.increaseTo(4))).all().get();
        assertThat(broker.services.asked.assignments()).isNull();
        assertFails(admin.createPartitions(Map.of("t", NewPartitions.increaseTo(4))).all(),
                InvalidPartitionsException.class, "4");
        assertFails(admin.createPartitions(Map.of("none", NewPartitions.increaseTo(4))).all(),
                UnknownTopicOrPartitionException.class, "none");
    }

    @Test
    void brokers_must_be_given_for_each_partition_of_a_new_topic_and_figures_be_figures() {
        assertFails(admin.createTopics(List.of(new NewTopic("t", Map.of(0, List.of(0), 2, List.of(0))))).all(),
                InvalidReplicaAssignmentException.class, "partition 1");
        for (short version = 2; version <= 7; version++) {
            var assignments = new CreatableReplicaAssignmentCollection();
            assignments.add(new CreatableReplicaAssignment().setPartitionIndex(0).setBrokerIds(List.of(0)));
            var topics = new CreatableTopicCollection();
            topics.add(new CreatableTopic().setName("v" + version).setNumPartitions(-1).setReplicationFactor((short) -1)
                    .setAssignments(assignments));
            topics.add(new CreatableTopic().setName("few" + version).setNumPartitions(-2).setReplicationFactor(
                    (short) 1));
            var answered = send(ApiKeys.CREATE_TOPICS, version, new CreateTopicsRequestData().setTopics(topics),
                    CreateTopicsResponse.class).data().topics();
            assertThat(answered.find("v" + version).errorCode()).isZero();
            assertThat(answered.find("few" + version).errorCode()).isEqualTo(Errors.INVALID_PARTITIONS.code());
            if (version >= 5) {
                assertThat(answered.find("v" + version)).satisfies(created -> {
                    assertThat(created.numPartitions()).isEqualTo(1);
                    assertThat(created.replicationFactor()).isEqualTo((short) 1);
                    assertThat(created.configs()).hasSize(TopicConfigKey.values().length);
                });
            }
        }
    }

    @Test
    void topics_are_deleted_by_id_and_no_other_is_that_has_the_name_by_now() throws Exception {
        Uuid first = broker.images.createTopic("t", 1, TestBroker.ID, Map.of()).id();
        broker.images.deleteTopic("t");
        Uuid second = broker.images.createTopic("t", 1, TestBroker.ID, Map.of()).id();

        assertFails(admin.deleteTopics(TopicCollection.ofTopicIds(List.of(first))).all(), UnknownTopicIdException.class,
                "");
        var neither = new DeleteTopicState().setName(null);
        var both = new DeleteTopicState().setName("t").setTopicId(second);
        assertThat(send(ApiKeys.DELETE_TOPICS, 6, new DeleteTopicsRequestData().setTopics(List.of(neither, both)),
                DeleteTopicsResponse.class).data().responses()).extracting(answer -> answer.errorCode())
                .containsOnly(Errors.INVALID_REQUEST.code());
        assertThat(broker.images.current().topic("t").id()).isEqualTo(second);
        admin.deleteTopics(TopicCollection.ofTopicIds(List.of(second))).all().get();
        assertThat(broker.images.current().topic("t")).isNull();
    }

    @Test
    void changed_settings_take_effect_on_a_running_broker() throws Exception {
        broker.images.createTopic("t", 1, TestBroker.ID, Map.of());
        try (var producer = new KafkaProducer<>(Map.of("bootstrap.servers", broker.bootstrap(), "linger.ms", 0,
                "compression.type", "gzip"), new ByteArraySerializer(), new ByteArraySerializer());
                var consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", broker.bootstrap(), "check.crcs", true),
                        new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.assign(List.of(new TopicPartition("t", 0)));
            consumer.seekToBeginning(consumer.assignment());
            producer.send(record(1_000, "by its producer")).get();

            alter(topic("t"), change(OpType.SET, "message.timestamp.type", "LogAppendTime"), change(OpType.SET,
                    "compression.type", "zstd"));
            long before = System.currentTimeMillis();
            RecordMetadata stamped = producer.send(record(2_000, "by the log")).get();

            assertThat(stamped.timestamp()).isBetween(before, System.currentTimeMillis());
            List<ConsumerRecord<byte[], byte[]>> records = read(consumer, 2);
            assertThat(records.getFirst().timestamp()).isEqualTo(1_000);
            assertThat(records.getFirst().timestampType()).isEqualTo(TimestampType.CREATE_TIME);
            assertThat(records.getLast().timestamp()).isEqualTo(stamped.timestamp());
            assertThat(records.getLast().timestampType()).isEqualTo(TimestampType.LOG_APPEND_TIME);
            assertThat(records.getLast().value()).isEqualTo("by the log".getBytes(StandardCharsets.UTF_8));

            alter(topic("t"), change(OpType.SET, "max.message.bytes", "500"), change(OpType.SET, "compression.type",
                    "uncompressed"));
            assertThatThrownBy(producer.send(record(3_000, "x".repeat(1_000)))::get).cause().isInstanceOf(
                    RecordTooLargeException.class);
            alter(topic("t"), change(OpType.DELETE, "compression.type", null));
            assertThat(producer.send(record(3_000, "x".repeat(1_000))).get().offset()).isEqualTo(2);
        }
    }

    private static ProducerRecord<byte[], byte[]> record(long timestampMs, String value) {
        return new ProducerRecord<>("t", 0, timestampMs, null, value.getBytes(StandardCharsets.UTF_8));
    }

    private static List<ConsumerRecord<byte[], byte[]>> read(KafkaConsumer<byte[], byte[]> consumer, int count) {
        var records = new ArrayList<ConsumerRecord<byte[], byte[]>>();
        long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (records.size() < count && System.nanoTime() < deadline) {
            consumer.poll(Duration.ofMillis(200)).forEach(records::add);
        }
        assertThat(records).hasSize(count);
        return records;
    }

    /** A request made for one version. */
    private static final class Fixed extends AbstractRequest.Builder<AbstractRequest> {
        private final Function<Short, AbstractRequest> make;

        Fixed(ApiKeys key, short version, Function<Short, AbstractRequest> make) {
            super(key, version);
            this.make = make;
        }

        @Override
        public AbstractRequest build(short version) {
            return make.apply(version);
        }
    }

    private <R extends AbstractResponse> R send(ApiKeys key, int version, ApiMessage body, Class<R> answer) {
        return client.send(broker.endpoint(), Lane.DATA, new Fixed(key, (short) version, v -> AbstractRequest
                .parseRequest(key, v, MessageUtil.toByteBufferAccessor(body, v)).request), answer, Duration.ofSeconds(
                        20)).join();
    }
}
