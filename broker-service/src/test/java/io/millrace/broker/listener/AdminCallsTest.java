package io.millrace.broker.listener;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.millrace.common.api.ClusterApi.Elect;
import io.millrace.common.api.ClusterApi.ElectionOutcome;
import io.millrace.common.metadata.BrokerImage;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.metadata.TopicImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterClientQuotasOptions;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.DescribeClusterOptions;
import org.apache.kafka.clients.admin.DescribeTopicsOptions;
import org.apache.kafka.clients.admin.FeatureUpdate;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UpdateFeaturesOptions;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicCollection;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.ElectionNotNeededException;
import org.apache.kafka.common.errors.EligibleLeadersNotAvailableException;
import org.apache.kafka.common.errors.InvalidReplicaAssignmentException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.NoReassignmentInProgressException;
import org.apache.kafka.common.errors.OffsetOutOfRangeException;
import org.apache.kafka.common.errors.PolicyViolationException;
import org.apache.kafka.common.errors.PreferredLeaderNotAvailableException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.message.DescribeProducersRequestData;
import org.apache.kafka.common.message.DescribeProducersRequestData.TopicRequest;
import org.apache.kafka.common.message.DescribeProducersResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.apache.kafka.common.quota.ClientQuotaFilter;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Apache Kafka's own admin client against a broker's listener, with a controller that is played. */
class AdminCallsTest {
    private static final TopicPartition T0 = new TopicPartition("t", 0);

    @TempDir
    private Path folder;
    private TestBroker broker;
    private Admin admin;

    @BeforeEach
    void start() throws IOException {
        broker = new TestBroker(folder);
        admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrap(), "default.api.timeout.ms", 60_000));
    }

    @AfterEach
    void stop() {
        admin.close(Duration.ofSeconds(5));
        broker.close();
    }

    private void produce(String topic, int count) throws Exception {
        try (var producer = new KafkaProducer<>(Map.of("bootstrap.servers", broker.bootstrap()),
                new ByteArraySerializer(), new ByteArraySerializer())) {
            for (int i = 0; i < count; i++) {
                producer.send(new ProducerRecord<>(topic, 0, null, ("v" + i).getBytes(StandardCharsets.UTF_8))).get();
            }
        }
    }

    private static <T> T get(KafkaFuture<T> future) throws Exception {
        return future.get(60, TimeUnit.SECONDS);
    }

    private static Throwable failure(KafkaFuture<?> future) {
        return catchThrowableOfType(ExecutionException.class, () -> get(future)).getCause();
    }

    @Test
    void topics_are_described_page_by_page() throws Exception {
        for (String name : List.of("a", "b", "c")) {
            broker.images.createTopic(name, 5, TestBroker.ID, Map.of());
        }
        broker.images.putBroker(new BrokerImage(1, 1, "away.test", 1, "http://away.test", true));
        broker.images.putTopic(new TopicImage(Uuid.randomUuid(), "d", Map.of(), List.of(new PartitionImage(0, List.of(0,
                1), List.of(), PartitionImage.NO_LEADER, 4, 9, List.of(1), 0, List.of(), List.of()))));

        var described = get(admin.describeTopics(List.of("a", "b", "c", "d"), new DescribeTopicsOptions()
                .partitionSizeLimitPerResponse(3)).allTopicNames());

        assertThat(described).containsOnlyKeys("a", "b", "c", "d");
        assertThat(described.get("b").partitions()).hasSize(5).extracting(partition -> partition.partition())
                .containsExactly(0, 1, 2, 3, 4);
        assertThat(described.get("d").partitions()).singleElement().satisfies(partition -> {
            assertThat(partition.leader()).isNull();
            assertThat(partition.elr()).extracting(node -> node.id()).containsExactly(1);
            assertThat(partition.isr()).isEmpty();
        });
        assertThat(failure(admin.describeTopics(List.of("missing")).allTopicNames())).isInstanceOf(
                UnknownTopicOrPartitionException.class);
        assertThat(failure(admin.describeTopics(List.of("not/valid")).allTopicNames())).isInstanceOf(
                InvalidTopicException.class);
    }

    @Test
    void who_asks_what_it_may_do_is_told_all_that_there_is_to_be_done() throws Exception {
        broker.images.createTopic("t", 1, TestBroker.ID, Map.of());
        var topics = List.of(AclOperation.READ, AclOperation.WRITE, AclOperation.CREATE, AclOperation.DESCRIBE,
                AclOperation.DELETE, AclOperation.ALTER, AclOperation.DESCRIBE_CONFIGS, AclOperation.ALTER_CONFIGS);

        var asking = new DescribeTopicsOptions().includeAuthorizedOperations(true);
        assertThat(get(admin.describeTopics(List.of("t"), asking).allTopicNames()).get("t").authorizedOperations())
                .containsExactlyInAnyOrderElementsOf(topics);
        Uuid id = broker.images.current().topic("t").id();
        assertThat(get(admin.describeTopics(TopicCollection.ofTopicIds(List.of(id)), asking).allTopicIds()).get(id)
                .authorizedOperations())
                .containsExactlyInAnyOrderElementsOf(topics);
        assertThat(get(admin.describeCluster(new DescribeClusterOptions().includeAuthorizedOperations(true))
                .authorizedOperations())).containsExactlyInAnyOrder(AclOperation.CREATE, AclOperation.CLUSTER_ACTION,
                        AclOperation.DESCRIBE_CONFIGS, AclOperation.ALTER_CONFIGS, AclOperation.IDEMPOTENT_WRITE,
                        AclOperation.ALTER, AclOperation.DESCRIBE);
        assertThat(get(admin.describeCluster().authorizedOperations())).isNull();
    }

    @Test
    void deleted_records_are_gone_and_stay_so() throws Exception {
        broker.images.createTopic("t", 1, TestBroker.ID, Map.of());
        produce("t", 10);

        assertThat(get(admin.deleteRecords(Map.of(T0, RecordsToDelete.beforeOffset(4))).lowWatermarks().get(T0))
                .lowWatermark()).isEqualTo(4);
        assertThat(get(admin.deleteRecords(Map.of(T0, RecordsToDelete.beforeOffset(2))).lowWatermarks().get(T0))
                .lowWatermark()).as("a log start never goes back").isEqualTo(4);
        assertThat(Files.readString(folder.resolve("log-start-offset-checkpoint"))).as("before it is answered")
                .contains("t 0 4");
        assertThat(failure(admin.deleteRecords(Map.of(T0, RecordsToDelete.beforeOffset(11))).all())).isInstanceOf(
                OffsetOutOfRangeException.class);
        assertThat(failure(admin.deleteRecords(Map.of(T0, RecordsToDelete.beforeOffset(-2))).all())).isInstanceOf(
                OffsetOutOfRangeException.class);
        assertThat(get(admin.deleteRecords(Map.of(T0, RecordsToDelete.beforeOffset(-1))).lowWatermarks().get(T0))
                .lowWatermark()).as("-1 is the high watermark").isEqualTo(10);
    }

    @Test
    void a_topic_that_only_compacts_deletes_no_records_on_request() throws Exception {
        broker.images.createTopic("t", 1, TestBroker.ID, Map.of("cleanup.policy", "compact"));
        broker.images.createTopic("__consumer_offsets", 1, TestBroker.ID, Map.of());
        TopicPartition internal = new TopicPartition("__consumer_offsets", 0);

        assertThat(failure(admin.deleteRecords(Map.of(T0, RecordsToDelete.beforeOffset(0))).all())).isInstanceOf(
                PolicyViolationException.class);
        assertThat(failure(admin.deleteRecords(Map.of(internal, RecordsToDelete.beforeOffset(0))).all())).isInstanceOf(
                InvalidTopicException.class);
    }

    @Test
    void the_producers_of_a_partition_are_described() throws Exception {
        broker.images.createTopic("t", 1, TestBroker.ID, Map.of());
        produce("t", 3);

        assertThat(get(admin.describeProducers(List.of(T0)).partitionResult(T0)).activeProducers()).singleElement()
                .satisfies(producer -> {
                    assertThat(producer.producerId()).isEqualTo(1000);
                    assertThat(producer.lastSequence()).isEqualTo(2);
                    assertThat(producer.currentTransactionStartOffset()).isEmpty();
                });
    }

    @Test
    void producers_of_a_partition_are_told_once_however_often_it_is_named() throws Exception {
        broker.images.createTopic("t", 3, TestBroker.ID, Map.of());
        produce("t", 1);
        DescribeProducersRequestData wanted = new DescribeProducersRequestData().setTopics(List.of(
                new TopicRequest().setName("t").setPartitionIndexes(List.of(0, 0, 1)), new TopicRequest().setName("t")
                        .setPartitionIndexes(List.of(0, 2))));

        DescribeProducersResponseData told = new ProducersHandler(broker.partitions).describe(wanted);
        DescribeProducersResponseData capped = new ProducersHandler(broker.partitions, 1).describe(wanted);

        assertThat(told.topics()).singleElement().satisfies(topic -> assertThat(topic.partitions()).extracting(
                partition -> partition.partitionIndex()).containsExactly(0, 1, 2));
        assertThat(capped.topics().getFirst().partitions()).extracting(partition -> Errors.forCode(partition
                .errorCode())).as("no more once there are as many as may be").containsExactly(Errors.NONE,
                        Errors.INVALID_REQUEST, Errors.INVALID_REQUEST);
    }

    @Test
    void log_directories_are_described_with_sizes_lags_and_space() throws Exception {
        broker.images.createTopic("t", 2, TestBroker.ID, Map.of());
        produce("t", 3);

        var directories = get(admin.describeLogDirs(List.of(TestBroker.ID)).allDescriptions()).get(TestBroker.ID);

        assertThat(directories).containsOnlyKeys(folder.toString());
        var directory = directories.get(folder.toString());
        assertThat(directory.error()).isNull();
        assertThat(directory.totalBytes().orElse(0)).isGreaterThan(directory.usableBytes().orElse(
                Long.MAX_VALUE) - 1).isPositive();
        assertThat(directory.replicaInfos()).containsOnlyKeys(T0, new TopicPartition("t", 1));
        assertThat(directory.replicaInfos().get(T0)).satisfies(replica -> {
            assertThat(replica.size()).isPositive();
            assertThat(replica.offsetLag()).isZero();
            assertThat(replica.isFuture()).isFalse();
        });
    }

    @Test
    void elections_are_held_by_the_controller_and_told_partition_by_partition() throws Exception {
        var outcomes = broker.services.cluster.outcomes;
        List<TopicPartition> partitions = IntStream.range(0, 5).mapToObj(index -> new TopicPartition("t", index))
                .toList();
        outcomes.put(named(partitions.get(0)), ElectionOutcome.ELECTED);
        outcomes.put(named(partitions.get(1)), ElectionOutcome.NOT_NEEDED);
        outcomes.put(named(partitions.get(2)), ElectionOutcome.PREFERRED_NOT_AVAILABLE);
        outcomes.put(named(partitions.get(3)), ElectionOutcome.NONE_ELIGIBLE);

        var told = get(admin.electLeaders(ElectionType.PREFERRED, Set.copyOf(partitions)).partitions());

        assertThat(told.get(partitions.get(0))).isEmpty();
        assertThat(told.get(partitions.get(1))).containsInstanceOf(ElectionNotNeededException.class);
        assertThat(told.get(partitions.get(2))).containsInstanceOf(PreferredLeaderNotAvailableException.class);
        assertThat(told.get(partitions.get(3))).containsInstanceOf(EligibleLeadersNotAvailableException.class);
        assertThat(told.get(partitions.get(4))).containsInstanceOf(UnknownTopicOrPartitionException.class);
        get(admin.electLeaders(ElectionType.UNCLEAN, null).partitions());
        assertThat(broker.services.cluster.elections.getLast()).isEqualTo(new Elect(null, true));
    }

    private static io.millrace.common.api.TopicPartition named(TopicPartition partition) {
        return new io.millrace.common.api.TopicPartition(partition.topic(), partition.partition());
    }

    @Test
    void partitions_are_reassigned_by_the_controller_and_one_that_cannot_be_harms_no_other() throws Exception {
        broker.images.createTopic("t", 3, TestBroker.ID, Map.of());
        TopicPartition t1 = new TopicPartition("t", 1);
        TopicPartition t2 = new TopicPartition("t", 2);
        broker.services.cluster.outcomes.put(named(t2), ElectionOutcome.NOT_NEEDED);

        Map<TopicPartition, Optional<NewPartitionReassignment>> wanted = new HashMap<>();
        wanted.put(T0, Optional.of(new NewPartitionReassignment(List.of(1))));
        wanted.put(t1, Optional.of(new NewPartitionReassignment(List.of(7))));
        wanted.put(t2, Optional.empty());
        var altered = admin.alterPartitionReassignments(wanted).values();

        get(altered.get(T0));
        assertThat(broker.services.cluster.reassigns).as("all in one").singleElement().satisfies(asked -> assertThat(
                asked.partitions()).hasSize(2));
        assertThat(failure(altered.get(t1))).isInstanceOf(InvalidReplicaAssignmentException.class);
        assertThat(failure(altered.get(t2))).isInstanceOf(NoReassignmentInProgressException.class);
        assertThat(get(admin.listPartitionReassignments().reassignments())).containsOnlyKeys(T0);
        assertThat(get(admin.listPartitionReassignments(Set.of(t1)).reassignments())).isEmpty();

        get(admin.alterPartitionReassignments(Map.of(T0, Optional.empty())).all());
        assertThat(get(admin.listPartitionReassignments().reassignments())).isEmpty();
    }

    @Test
    void a_change_of_the_controller_is_not_seen_by_who_asks_for_it() throws Exception {
        broker.services.away = true;
        var listed = admin.listPartitionReassignments().reassignments();
        Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> broker.services.refused.get() > 1);
        broker.services.away = false;
        assertThat(get(listed)).isEmpty();
    }

    @Test
    void changes_of_settings_and_elections_wait_for_the_next_controller() throws Exception {
        broker.images.createTopic("t", 1, TestBroker.ID, Map.of());
        broker.services.cluster.outcomes.put(named(T0), ElectionOutcome.ELECTED);
        ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, "t");
        AlterConfigOp change = new AlterConfigOp(new ConfigEntry("retention.ms", "1000"), AlterConfigOp.OpType.SET);

        get(whileAway(() -> admin.incrementalAlterConfigs(Map.of(topic, List.of(change))).all()));
        var elected = get(whileAway(() -> admin.electLeaders(ElectionType.PREFERRED, Set.of(T0)).partitions()));

        assertThat(broker.images.current().topic("t").configs()).containsEntry("retention.ms", "1000");
        assertThat(elected.get(T0)).isEmpty();
    }

    /** The controller comes back once it has been asked for in vain, several times. */
    private <T> KafkaFuture<T> whileAway(Supplier<KafkaFuture<T>> call) {
        int before = broker.services.refused.get();
        broker.services.away = true;
        KafkaFuture<T> called = call.get();
        Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> broker.services.refused.get() > before + 1);
        broker.services.away = false;
        return called;
    }

    private record Unsupported(String name, java.util.function.Function<Admin, KafkaFuture<?>> call) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Unsupported> unsupported() {
        var acl = new AclBinding(new ResourcePattern(ResourceType.TOPIC, "t", PatternType.LITERAL),
                new AccessControlEntry("User:a", "*", AclOperation.READ, AclPermissionType.ALLOW));
        var quota = new ClientQuotaEntity(Map.of(ClientQuotaEntity.USER, "a"));
        return Stream.of(
                new Unsupported("describe acls", admin -> admin.describeAcls(AclBindingFilter.ANY).values()),
                new Unsupported("create acls", admin -> admin.createAcls(List.of(acl)).all()),
                new Unsupported("delete acls", admin -> admin.deleteAcls(List.of(AclBindingFilter.ANY)).all()),
                new Unsupported("describe quotas", admin -> admin.describeClientQuotas(ClientQuotaFilter.all())
                        .entities()),
                new Unsupported("alter quotas", admin -> admin.alterClientQuotas(List.of(new ClientQuotaAlteration(
                        quota, List.of(new ClientQuotaAlteration.Op("producer_byte_rate", 1.0)))),
                        new AlterClientQuotasOptions()).all()),
                new Unsupported("delegation tokens", admin -> admin.describeDelegationToken().delegationTokens()),
                new Unsupported("a new delegation token", admin -> admin.createDelegationToken().delegationToken()),
                new Unsupported("scram users", admin -> admin.describeUserScramCredentials().all()),
                new Unsupported("a scram user", admin -> admin.alterUserScramCredentials(List.of(
                        new UserScramCredentialUpsertion("a", new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256,
                                4096), "secret"))).all()),
                new Unsupported("the quorum", admin -> admin.describeMetadataQuorum().quorumInfo()),
                new Unsupported("feature updates", admin -> admin.updateFeatures(Map.of("metadata.version",
                        new FeatureUpdate((short) 7, FeatureUpdate.UpgradeType.UPGRADE)),
                        new UpdateFeaturesOptions()).all()),
                new Unsupported("transactions", admin -> admin.listTransactions().all()),
                new Unsupported("replicas' directories", admin -> admin.alterReplicaLogDirs(Map.of(
                        new org.apache.kafka.common.TopicPartitionReplica("t", 0, 0), "/elsewhere")).all()));
    }

    @ParameterizedTest
    @MethodSource("unsupported")
    void what_there_is_not_is_refused_by_name_and_nobody_waits_for_it(Unsupported unsupported) {
        assertThat(failure(unsupported.call().apply(admin))).isInstanceOf(UnsupportedVersionException.class);
    }
}
