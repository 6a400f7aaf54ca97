package io.millrace.coordinator.controller;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.millrace.common.api.ServiceClients;
import io.millrace.common.api.TopicsApi.AlterConfigs;
import io.millrace.common.api.TopicsApi.CreateTopic;
import io.millrace.common.database.PostgresConnections;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.lease.BrokerIdentity;
import io.millrace.common.lease.BrokerRegistration;
import io.millrace.common.lease.LeaseSettings;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.metadata.ConfigChange;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.metadata.TopicImage;
import io.millrace.testing.TestPostgres;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

/** The controller as others meet it: over HTTP, with brokers that register as real ones do, on a real PostgreSQL. */
@SpringBootTest(webEnvironment = WebEnvironment.RANDOM_PORT, properties = {
        "millrace.listener.wire.port=0",
        "millrace.lease.ttl=4s",
        "millrace.lease.renew-interval=200ms",
        "millrace.lease.margin=400ms",
        "millrace.controller.watch-interval=50ms",
        "millrace.listener.wire.port=0",
        "millrace.topic.max-partitions=100",
        "millrace.client.retry-timeout=5s"})
class ControllerTest {
    private static final TestPostgres POSTGRES = TestPostgres.create();
    private static final Duration LONG = Duration.ofSeconds(60);

    @DynamicPropertySource
    static void database(DynamicPropertyRegistry registry) {
        POSTGRES.springProperties().forEach((name, value) -> registry.add(name, () -> value));
    }

    @Autowired
    private ServiceClients clients;
    @Autowired
    private ClusterImages images;
    @Autowired
    private PostgresConnections connections;
    @Autowired
    private LeaseSettings leases;
    @LocalServerPort
    private int port;

    private final Map<Integer, BrokerRegistration> brokers = new TreeMap<>();

    @BeforeEach
    void startBrokers() throws Exception {
        for (int id : List.of(1, 2, 3)) {
            startBroker(id);
        }
        awaitImage(image -> image.controller() != null
                && List.of(1, 2, 3).stream().allMatch(id -> image.brokers().containsKey(id) && !image.brokers().get(id)
                        .fenced()));
    }

    @AfterEach
    void removeAll() {
        POSTGRES.start();
        brokers.values().forEach(BrokerRegistration::close);
        for (var name : POSTGRES.direct().sql("select name from metadata.topic").query(String.class).list()) {
            await().atMost(LONG).ignoreExceptions().until(() -> clients.topics().delete(name) != null);
        }
        awaitImage(image -> image.topicsByName().isEmpty() && image.brokers().values().stream().allMatch(it -> it
                .fenced()));
    }

    @Test
    void a_topic_is_spread_evenly_and_is_in_the_image_at_the_version_told() throws Exception {
        var created = clients.topics().create(topic("orders", 6, 1));

        assertThat(images.awaitVersion(created.version(), LONG)).isTrue();
        var image = images.current().topic("orders");
        assertThat(image.id().toString()).isEqualTo(created.topicId());
        assertThat(image.partitions()).hasSize(6).allSatisfy(partition -> {
            assertThat(partition.isr()).isEqualTo(partition.replicas()).containsExactly(partition.leader());
            assertThat(partition.lastLeader()).isEqualTo(partition.leader());
            assertThat(partition.leaderEpoch()).isZero();
        });
        assertThat(leaders(image)).containsExactlyInAnyOrder(1, 1, 2, 2, 3, 3);
    }

    @Test
    void what_is_not_given_has_defaults_and_configs_are_kept() throws Exception {
        var created = clients.topics().create(
                new CreateTopic("orders", null, null, null, Map.of("retention.ms", "1000", "cleanup.policy", "compact"),
                        false));

        assertThat(created.partitions()).isEqualTo(1);
        assertThat(created.replicationFactor()).isEqualTo(3);
        assertThat(images.awaitVersion(created.version(), LONG)).isTrue();
        assertThat(images.current().topic("orders").configs())
                .containsExactlyInAnyOrderEntriesOf(Map.of("retention.ms", "1000", "cleanup.policy", "compact"));
    }

    @Test
    void a_setting_without_a_value_is_refused_by_name() {
        var configs = new TreeMap<String, String>(Map.of("flush.ms", "1"));
        configs.put("retention.ms", null);

        var refused = catchThrowableOfType(RefusedException.class, () -> clients.topics().create(new CreateTopic(
                "orders", 1, 1, null, configs, false)));

        assertThat(refused.code()).isEqualTo(ErrorCode.INVALID_CONFIG);
        assertThat(refused).hasMessageContaining("Null value not supported for topic configs: retention.ms");
    }

    @Test
    void a_topic_goes_where_its_assignment_says() throws Exception {
        var created = clients.topics().create(
                new CreateTopic("orders", null, null, List.of(List.of(3), List.of(3), List.of(1)), null, false));

        assertThat(images.awaitVersion(created.version(), LONG)).isTrue();
        assertThat(leaders(images.current().topic("orders"))).containsExactly(3, 3, 1);
    }

    @Test
    void a_deleted_topic_is_gone_and_its_name_free() throws Exception {
        var first = clients.topics().create(topic("orders", 1, null));
        var deleted = clients.topics().delete("orders");

        assertThat(deleted.topicId()).isEqualTo(first.topicId());
        assertThat(images.awaitVersion(deleted.version(), LONG)).isTrue();
        assertThat(images.current().topic("orders")).isNull();
        assertThat(clients.topics().create(topic("orders", 1, null)).topicId()).isNotEqualTo(first.topicId());
    }

    @Test
    void what_cannot_be_a_topic_is_refused_with_its_own_code() {
        clients.topics().create(topic("orders.v1", 1, null));

        assertRefused(ErrorCode.TOPIC_EXISTS, topic("orders.v1", 1, null));
        assertRefused(ErrorCode.INVALID_TOPIC_NAME, topic("orders_v1", 1, null));
        assertRefused(ErrorCode.INVALID_TOPIC_NAME, topic("a b", 1, null));
        assertRefused(ErrorCode.INVALID_PARTITIONS, topic("x", 0, null));
        assertRefused(ErrorCode.INVALID_PARTITIONS, topic("x", 101, null));
        assertThat(assertRefused(ErrorCode.INVALID_REPLICATION_FACTOR, topic("x", 1, 4))).hasMessageContaining(
                "only 3 brokers are running");
        assertRefused(ErrorCode.INVALID_REPLICATION_FACTOR, topic("x", 1, 0));
        assertThat(assertRefused(ErrorCode.INVALID_CONFIG, new CreateTopic("x", 1, 2, null, Map.of(
                "min.insync.replicas", "3"), false))).hasMessageContaining("min.insync.replicas is 3");
        assertThat(assertRefused(ErrorCode.INVALID_CONFIG, new CreateTopic("x", 1, 1, null, Map.of("retention.mss",
                "1"), false)))
                .hasMessageContaining("retention.mss");
        assertThat(assertRefused(ErrorCode.INVALID_CONFIG, new CreateTopic("x", 1, 1, null, Map.of("retention.ms",
                "soon"), false)))
                .hasMessageContaining("retention.ms");
        assertRefused(ErrorCode.INVALID_REPLICA_ASSIGNMENT, new CreateTopic("x", null, null, List.of(List.of(9)), null,
                false));
        assertRefused(ErrorCode.INVALID_REQUEST, new CreateTopic("x", 1, null, List.of(List.of(1)), null, false));
        assertThat(refusal(() -> clients.topics().delete("nothing")).code()).isEqualTo(ErrorCode.UNKNOWN_TOPIC);
    }

    @Test
    void validation_alone_refuses_the_same_and_changes_nothing() {
        clients.topics().create(topic("orders", 1, null));
        long version = POSTGRES.direct().sql("select version from metadata.cluster").query(Long.class).single();

        assertThat(clients.topics().create(new CreateTopic("payments", 3, null, null, null, true)).version()).isEqualTo(
                -1);
        assertRefused(ErrorCode.TOPIC_EXISTS, new CreateTopic("orders", 3, null, null, null, true));

        assertThat(POSTGRES.direct().sql("select version from metadata.cluster").query(Long.class).single()).isEqualTo(
                version);
    }

    @Test
    void settings_are_altered_and_reset_all_or_none() throws Exception {
        clients.topics().create(new CreateTopic("orders", 1, 1, null, Map.of("retention.ms", "1000", "cleanup.policy",
                "compact"), false));

        var altered = clients.topics().alter("orders", alter(Map.of("segment.bytes", "2097152", "retention.ms",
                "2000"), "cleanup.policy"));

        var wanted = Map.of("segment.bytes", "2097152", "retention.ms", "2000");
        assertThat(images.awaitVersion(altered.version(), LONG)).isTrue();
        assertThat(images.current().topic("orders").configs()).isEqualTo(wanted);
        assertThat(refusal(() -> clients.topics().alter("orders", alter(Map.of("flush.ms", "1", "retention.ms",
                "soon")))))
                .matches(it -> it.code() == ErrorCode.INVALID_CONFIG)
                .hasMessageContaining("retention.ms");
        assertThat(refusal(() -> clients.topics().alter("orders", alter(Map.of(), "retention.mss"))).code()).isEqualTo(
                ErrorCode.INVALID_CONFIG);
        assertThat(refusal(() -> clients.topics().alter("orders", alter(Map.of("flush.ms", "1"), "flush.ms"))).code())
                .isEqualTo(ErrorCode.INVALID_REQUEST);
        assertThat(refusal(() -> clients.topics().alter("nothing", alter(Map.of("flush.ms", "1")))).code()).isEqualTo(
                ErrorCode.UNKNOWN_TOPIC);
        assertThat(clients.topics().alter("orders", new AlterConfigs(List.of(ConfigChange.set("flush.ms", "1")), false,
                true))
                .version()).isEqualTo(-1);
        assertThat(POSTGRES.direct().sql("select configs ->> 'flush.ms' from metadata.topic where name = 'orders'")
                .query((row, _) -> String.valueOf(row.getString(1))).single()).isEqualTo("null");
    }

    @Test
    void settings_are_replaced_and_lists_changed_where_the_settings_are() throws Exception {
        clients.topics().create(new CreateTopic("orders", 1, 1, null, Map.of("retention.ms", "1000"), false));

        var replaced = clients.topics().alter("orders", new AlterConfigs(List.of(new ConfigChange("cleanup.policy",
                ConfigChange.Operation.APPEND, "compact")), true, false));

        assertThat(images.awaitVersion(replaced.version(), LONG)).isTrue();
        assertThat(images.current().topic("orders").configs()).isEqualTo(Map.of("cleanup.policy", "delete,compact"));
    }

    @Test
    void a_topic_is_deleted_by_its_id_alone() throws Exception {
        String first = clients.topics().create(topic("orders", 1, 1)).topicId();
        clients.topics().delete("orders");
        String second = clients.topics().create(topic("orders", 1, 1)).topicId();

        assertThat(refusal(() -> clients.topics().deleteById(first)).code()).isEqualTo(ErrorCode.UNKNOWN_TOPIC_ID);
        assertThat(refusal(() -> clients.topics().deleteById("no id")).code()).isEqualTo(ErrorCode.UNKNOWN_TOPIC_ID);
        var deleted = clients.topics().deleteById(second);
        assertThat(deleted.name()).isEqualTo("orders");
        assertThat(images.awaitVersion(deleted.version(), LONG)).isTrue();
        assertThat(images.current().topic("orders")).isNull();
    }

    @Test
    void a_higher_minimum_in_sync_begins_another_leader_epoch_and_a_lower_one_empties_the_elr() throws Exception {
        clients.topics().create(new CreateTopic("orders", null, null, List.of(List.of(1, 2, 3)), null, false));

        var raised = clients.topics().alter("orders", alter(Map.of("min.insync.replicas", "3")));

        assertThat(images.awaitVersion(raised.version(), LONG)).isTrue();
        assertThat(partitionOf(images.current(), 1)).matches(it -> it.leader() == 1 && it.leaderEpoch() == 1);
        brokers.get(3).close();
        awaitImage(image -> partitionOf(image, 1).elr().equals(List.of(3)));
        var lowered = clients.topics().alter("orders", alter(Map.of("min.insync.replicas", "2")));
        assertThat(images.awaitVersion(lowered.version(), LONG)).isTrue();
        assertThat(partitionOf(images.current(), 1)).matches(it -> it.elr().isEmpty() && it.isr().equals(List.of(1, 2))
                && it.leaderEpoch() == 1);
        assertThat(refusal(() -> clients.topics().alter("orders", alter(Map.of("min.insync.replicas", "4")))))
                .hasMessageContaining("more than the replication factor 3");
        POSTGRES.direct().sql("update metadata.partition set recovering = true").update();
        assertThat(refusal(() -> clients.topics().alter("orders", alter(Map.of(), "min.insync.replicas"))).code())
                .isEqualTo(ErrorCode.UNAVAILABLE);
        assertThat(clients.topics().alter("orders", alter(Map.of("retention.ms", "5"))).version()).isPositive();
    }

    @Test
    void without_a_running_broker_no_topic_is_created() {
        brokers.values().forEach(BrokerRegistration::close);
        awaitImage(image -> image.brokers().values().stream().allMatch(it -> it.fenced()));

        assertRefused(ErrorCode.UNAVAILABLE, topic("orders", 1, null));
    }

    @Test
    void a_broker_that_closes_leads_nothing_and_leads_again_when_it_is_back() throws Exception {
        clients.topics().create(topic("orders", 3, 1));
        brokers.get(2).close();
        awaitImage(image -> image.brokers().get(2).fenced() && ledBy(image, 2) == 0);
        int leaderEpoch = partitionOf(images.current(), 2).leaderEpoch();
        assertThat(leaderEpoch).isEqualTo(1);

        startBroker(2);

        awaitImage(image -> ledBy(image, 2) == 1);
        assertThat(partitionOf(images.current(), 2).leaderEpoch()).isEqualTo(2);
        assertThat(images.current().brokers().get(2).fenced()).isFalse();
        assertThat(ledBy(images.current(), 1)).isEqualTo(1);
    }

    @Test
    void a_broker_that_dies_silently_is_fenced_when_its_lease_has_run_out() {
        POSTGRES.direct().sql("""
                insert into metadata.broker (id, epoch, incarnation, directory_id, host, kafka_port, http_url, ready, fenced,
                    lease_expires_at, version)
                values (4, 1, gen_random_uuid(), gen_random_uuid(), 'h', 1, 'u', true, true,
                    clock_timestamp() + interval '3 seconds', 0)
                """).update();
        await().atMost(LONG).until(() -> images.current().brokers().containsKey(4) && !images.current().brokers().get(4)
                .fenced());
        clients.topics().create(new CreateTopic("orders", null, null, List.of(List.of(4), List.of(1)), null, false));

        awaitImage(image -> image.brokers().get(4).fenced() && ledBy(image, 4) == 0);

        assertThat(partitionOf(images.current(), 4)).satisfies(partition -> {
            assertThat(partition.isr()).isEmpty();
            assertThat(partition.elr()).as("only it has what was acknowledged").containsExactly(4);
        });
        assertThat(partitionOf(images.current(), 4).leaderEpoch()).isEqualTo(1);
        assertThat(ledBy(images.current(), 1)).isEqualTo(1);
    }

    @Test
    void after_postgres_was_away_everything_goes_on_and_no_broker_was_fenced() throws Exception {
        assertThat(images.awaitVersion(clients.topics().create(topic("orders", 3, 1)).version(), LONG)).isTrue();
        var before = images.current().topic("orders");

        POSTGRES.stop();
        var away = refusal(() -> clients.topics().create(topic("payments", 1, null)));
        assertThat(away.code().isRetriable()).isTrue();
        await().atMost(LONG).until(() -> POSTGRES.direct()
                .sql("select bool_and(lease_expires_at < clock_timestamp()) from metadata.broker").query(Boolean.class)
                .single());
        POSTGRES.start();

        await().atMost(LONG).ignoreExceptions().until(() -> clients.topics().create(topic("payments", 1, null))
                .version() > 0);
        await().atMost(LONG).until(() -> POSTGRES.direct()
                .sql("select bool_and(lease_expires_at > clock_timestamp()) from metadata.broker").query(Boolean.class)
                .single());
        assertThat(images.current().topic("orders").partitions()).isEqualTo(before.partitions());
    }

    @Test
    void while_postgres_swallows_everything_a_call_is_refused_to_be_retried_and_later_it_works() {
        POSTGRES.freeze();
        var refused = refusal(() -> clients.topics().create(topic("orders", 1, null)));
        assertThat(refused.code().isRetriable()).as(refused.getMessage()).isTrue();

        POSTGRES.start();

        await().atMost(LONG).ignoreExceptions().until(() -> clients.topics().create(topic("orders", 1, null))
                .version() > 0);
    }

    @Test
    void blocks_of_producer_ids_never_overlap() {
        var firsts = new HashSet<Long>();
        for (int i = 0; i < 20; i++) {
            var block = clients.producerIds().allocate();
            assertThat(block.size()).isEqualTo(1000);
            assertThat(block.first() % 1000).isZero();
            firsts.add(block.first());
        }
        assertThat(firsts).hasSize(20);
    }

    @Test
    void a_deposed_controller_writes_nothing() {
        POSTGRES.direct().sql("""
                update metadata.lease
                set holder = 'another', epoch = epoch + 1, base_url = 'http://127.0.0.1:1',
                    expires_at = clock_timestamp() + interval '2 seconds'
                where name = 'controller'
                """).update();

        var refused = post("{\"name\": \"orders\", \"validateOnly\": false}");

        assertThat(refused.statusCode()).isEqualTo(503);
        assertThat(refused.body()).contains("NOT_CONTROLLER");
        assertThat(refused.headers().firstValue("Retry-After")).isPresent();
        assertThat(POSTGRES.direct().sql("select count(*) from metadata.topic").query(Long.class).single()).isZero();
        await().atMost(LONG).ignoreExceptions().until(() -> clients.producerIds().allocate() != null);
    }

    @Test
    void an_unreadable_body_is_refused_with_the_field_that_is_wrong() {
        assertThat(post("{\"name\": \"x\", \"validateOnly\": false, \"partition\": 3}"))
                .matches(it -> it.statusCode() == 400 && it.body().contains("Unknown field 'partition'"));
        assertThat(post("{\"name\": \"x\", \"validateOnly\": false, \"partitions\": \"many\"}"))
                .matches(it -> it.statusCode() == 400 && it.body().contains("'partitions'"));
        assertThat(post("{\"name\": "))
                .matches(it -> it.statusCode() == 400 && it.body().contains("not valid JSON"));
        assertThat(post(""))
                .matches(it -> it.statusCode() == 400 && it.body().contains("MALFORMED_BODY"));
    }

    @Test
    void health_is_up_and_metrics_are_there() {
        assertThat(get("/actuator/health/liveness").statusCode()).isEqualTo(200);
        await().atMost(LONG).until(() -> get("/actuator/health/readiness").statusCode() == 200);
        assertThat(get("/actuator/prometheus").body()).contains("millrace_controller_active 1.0").contains(
                "millrace_metadata_version");
        assertThat(get("/nowhere")).matches(it -> it.statusCode() == 404 && it.body().contains("\"error_code\":404"));
    }

    @Test
    void one_coordinator_holds_every_shard_and_answers_for_any_group() {
        awaitImage(image -> image.leases().size() == 1 + ClusterImage.GROUP_SHARDS);

        assertThat(clients.allGroups()).singleElement().satisfies(groups -> assertThat(groups.list()).isEmpty());
        assertThat(refusal(() -> clients.groups("a/b c").describe("a/b c")).code()).isEqualTo(ErrorCode.UNKNOWN_GROUP);
    }

    private void startBroker(int id) throws Exception {
        var registration = new BrokerRegistration(
                connections,
                leases.timing(),
                new BrokerIdentity(id, UUID.randomUUID(), "127.0.0.1", 9092 + id, "http://127.0.0.1:" + (8190 + id)),
                _ -> {});
        brokers.put(id, registration);
        registration.start(LONG);
        registration.ready();
    }

    private void awaitImage(Predicate<ClusterImage> condition) {
        await().atMost(LONG).until(() -> condition.test(images.current()));
    }

    private static AlterConfigs alter(Map<String, String> set, String... reset) {
        var changes = Stream.concat(set.entrySet().stream().map(it -> ConfigChange.set(it.getKey(), it.getValue())),
                Stream.of(reset).map(ConfigChange::delete)).toList();
        return new AlterConfigs(changes, false, false);
    }

    private static CreateTopic topic(String name, @Nullable Integer partitions, @Nullable Integer replicationFactor) {
        return new CreateTopic(name, partitions, replicationFactor, null, null, false);
    }

    private RefusedException assertRefused(ErrorCode code, CreateTopic request) {
        var refusal = refusal(() -> clients.topics().create(request));
        assertThat(refusal.code()).as(refusal.getMessage()).isEqualTo(code);
        return refusal;
    }

    private static RefusedException refusal(Callable<?> call) {
        var refusal = catchThrowableOfType(RefusedException.class, call::call);
        assertThat(refusal).isNotNull();
        return refusal;
    }

    private static List<Integer> leaders(TopicImage topic) {
        return topic.partitions().stream().map(PartitionImage::leader).toList();
    }

    private static long ledBy(ClusterImage image, int broker) {
        var topic = image.topic("orders");
        return topic == null ? -1 : leaders(topic).stream().filter(it -> it == broker).count();
    }

    private static PartitionImage partitionOf(ClusterImage image, int replica) {
        return image.topic("orders").partitions().stream().filter(it -> it.replicas().contains(replica)).findFirst()
                .orElseThrow();
    }

    private HttpResponse<String> post(String body) {
        return send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/internal/topics"))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body)));
    }

    private HttpResponse<String> get(String path) {
        return send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)));
    }

    private static HttpResponse<String> send(HttpRequest.Builder request) {
        try (var client = HttpClient.newHttpClient()) {
            return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
