package io.millrace.gateway.v3;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.common.api.ClusterApi;
import io.millrace.common.metadata.TopicConfigKey;
import io.millrace.gateway.testing.GatewayUnderTest;
import io.millrace.gateway.testing.GatewayUnderTest.Answer;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

class V3ResourcesTest {
    private static final String CLUSTER = "/v3/clusters/fake";
    private static GatewayUnderTest gateway;

    @BeforeAll
    static void start() {
        gateway = GatewayUnderTest.start("millrace.brokers.unknown-topic-grace=5ms");
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    @Test
    void the_cluster_is_told_with_links_that_the_client_can_follow() {
        String base = "http://127.0.0.1:" + gateway.port() + "/v3/clusters";
        String cluster = """
                {"kind":"KafkaCluster","metadata":{"self":"%1$s/fake","resource_name":"crn:///kafka=fake"},"cluster_id":"fake",\
                "acls":{"related":"%1$s/fake/acls"},"brokers":{"related":"%1$s/fake/brokers"},\
                "broker_configs":{"related":"%1$s/fake/broker-configs"},\
                "consumer_groups":{"related":"%1$s/fake/consumer-groups"},"topics":{"related":"%1$s/fake/topics"},\
                "partition_reassignments":{"related":"%1$s/fake/topics/-/partitions/-/reassignment"}}""".formatted(
                base);

        assertThat(gateway.get("/v3/clusters").body()).isEqualTo(
                "{\"kind\":\"KafkaClusterList\",\"metadata\":{\"self\":\"" + base + "\",\"next\":null},\"data\":["
                        + cluster + "]}");
        assertThat(gateway.get(CLUSTER).body()).isEqualTo(cluster);
        assertThat(gateway.get(CLUSTER, "X-Forwarded-Host", "shop.example", "X-Forwarded-Proto", "https",
                "X-Forwarded-Prefix", "/kafka").json().get("metadata").get("self").asString()).isEqualTo(
                        "https://shop.example:443/kafka/v3/clusters/fake");
        for (String link : List.of("brokers", "consumer_groups", "topics", "partition_reassignments")) {
            assertThat(follow(gateway.get(CLUSTER).json().get(link)).status()).as(link).isEqualTo(200);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "/brokers", "/topics", "/consumer-groups", "/topics/-/partitions/-/reassignment",
            "/topics/orders", "/consumer-groups/g/lag-summary"})
    void another_cluster_is_not_found(String path) {
        assertError(gateway.get("/v3/clusters/another" + path), 404, 404, "Cluster another cannot be found.");
    }

    @Test
    void brokers_are_those_that_run() {
        gateway.images.broker(7, 9, true);

        var brokers = gateway.get(CLUSTER + "/brokers").json();

        assertThat(brokers.get("kind").asString()).isEqualTo("KafkaBrokerList");
        assertThat(brokers.get("data").findValuesAsString("broker_id")).containsExactly("0", "1");
        assertThat(brokers.get("data").get(1).get("port").asInt()).isEqualTo(2);
        assertThat(brokers.get("data").get(1).get("host").asString()).isEqualTo("127.0.0.1");
        assertThat(gateway.get(CLUSTER + "/brokers/1").body()).isEqualTo(brokers.get("data").get(1).toString());
        assertError(gateway.get(CLUSTER + "/brokers/7"), 404, 404, "Broker 7 cannot be found.");
        assertError(gateway.get(CLUSTER + "/brokers/first"), 400, 400, "whole number");
        gateway.createTopic("replicated", 2);
        assertThat(follow(brokers.get("data").get(0).get("partition_replicas")).json().get("data").findValuesAsString(
                "topic_name")).filteredOn("replicated"::equals).hasSize(2);
    }

    @Test
    void a_topic_is_created_described_and_deleted() {
        var created = gateway.send("POST", CLUSTER + "/topics",
                "{\"topic_name\":\"made\",\"partitions_count\":2,\"replication_factor\":1,"
                        + "\"configs\":[{\"name\":\"retention.ms\",\"value\":\"1000\"},{\"name\":\"flush.ms\",\"value\":null}]}");

        assertThat(created.status()).as(created.body()).isEqualTo(201);
        assertThat(created.header("Location")).endsWith(CLUSTER + "/topics/made");
        assertThat(created.json().get("kind").asString()).isEqualTo("KafkaTopic");
        assertThat(created.json().get("metadata").get("resource_name").asString()).isEqualTo(
                "crn:///kafka=fake/topic=made");
        assertThat(created.json().get("partitions_count").asInt()).isEqualTo(2);
        assertThat(created.json().get("replication_factor").asInt()).isEqualTo(1);
        assertThat(created.json().get("is_internal").asBoolean()).isFalse();
        assertThat(gateway.images.current().topic("made").configs()).isEqualTo(Map.of("retention.ms", "1000"));
        assertThat(gateway.get(CLUSTER + "/topics/made").body()).isEqualTo(created.body());
        assertThat(gateway.get(CLUSTER + "/topics").json().get("data").toString()).contains(created.body());
        assertError(gateway.send("POST", CLUSTER + "/topics", "{\"topic_name\":\"made\"}"), 400, 40002, "exists");
        assertThat(gateway.send("DELETE", CLUSTER + "/topics/made", null).status()).isEqualTo(204);
        assertError(gateway.get(CLUSTER + "/topics/made"), 404, 40403,
                "This server does not host this topic-partition.");
        assertError(gateway.send("DELETE", CLUSTER + "/topics/made", null), 404, 40403, "does not host");
    }

    @Test
    void what_is_only_validated_is_not_created() {
        var answer = gateway.send("POST", CLUSTER + "/topics",
                "{\"topic_name\":\"perhaps\",\"partitions_count\":4,\"validate_only\":true}");

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.json().get("partitions_count").asInt()).isEqualTo(4);
        assertThat(gateway.images.current().topic("perhaps")).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"0\":[1],\"1\":[0]}",
            "[{\"partition_id\":1,\"broker_ids\":[0]},{\"partition_id\":0,\"broker_ids\":[1]}]"})
    void replicas_are_assigned_by_hand_in_either_form(String assignments) {
        assertThat(gateway.send("POST", CLUSTER + "/topics", "{\"topic_name\":\"by-hand\",\"replicas_assignments\":"
                + assignments + "}").status()).isEqualTo(201);

        assertThat(gateway.services.controller.assigned()).isEqualTo(List.of(List.of(1), List.of(0)));
        assertThat(gateway.send("DELETE", CLUSTER + "/topics/by-hand", null).status()).isEqualTo(204);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {"partitions_count":1}                                            | 400   | topic_name
            {"topic_name":"x","partition_count":1}                            | 400   | partition_count
            {"topic_name":"x","partitions_count":"many"}                      | 400   | partitions_count
            {"topic_name":"x","configs":[{"value":"1"}]}                      | 400   | configs[0].name
            {"topic_name":"x","configs":[null]}                               | 400   | configs[0]
            {"topic_name":"x","replicas_assignments":{"1":[0]}}               | 400   | replicas_assignments
            {"topic_name":"x","replicas_assignments":{"zero":[0]}}            | 400   | replicas_assignments
            {"topic_name":"x","replicas_assignments":{"0":["a"]}}             | 400   | replicas_assignments
            {"topic_name":"x","replicas_assignments":{"0":1}}                 | 400   | replicas_assignments
            {"topic_name":"x","replicas_assignments":[{"broker_ids":[0]}]}    | 400   | replicas_assignments
            {"topic_name":"x","replicas_assignments":7}                       | 400   | replicas_assignments
            {"topic_name":"not allowed"}                                      | 40002 | not allowed
            {"topic_name":"x","partitions_count":0}                           | 40002 | partitions_count
            {"topic_name"                                                     | 400   | JSON
            """)
    void a_topic_that_cannot_be_is_refused_by_name(String body, int code, String named) {
        assertError(gateway.send("POST", CLUSTER + "/topics", body), 400, code, named);
    }

    @Test
    void partitions_are_added_by_a_patch() {
        gateway.createTopic("growing", 1);

        var answer = gateway.send("PATCH", CLUSTER + "/topics/growing", "{\"partitions_count\":3}");

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.json().get("topic_name").asString()).isEqualTo("growing");
        assertThat(gateway.services.cluster.asked).contains(ClusterApi.Partitions.placed(3));
        assertError(gateway.send("PATCH", CLUSTER + "/topics/growing", "{}"), 400, 400, "partitions_count");
    }

    @Test
    void settings_are_told_with_their_defaults_and_where_they_come_from() {
        gateway.createTopic("configured", 1);
        gateway.images.configure("configured", Map.of("retention.ms", "1000"));
        String configs = CLUSTER + "/topics/configured/configs";

        var all = gateway.get(configs).json();

        assertThat(all.get("kind").asString()).isEqualTo("KafkaTopicConfigList");
        assertThat(all.get("data")).hasSize(TopicConfigKey.values().length);
        var retention = gateway.get(configs + "/retention.ms").json();
        assertThat(retention.get("metadata").get("resource_name").asString()).isEqualTo(
                "crn:///kafka=fake/topic=configured/config=retention.ms");
        assertThat(retention.get("value").asString()).isEqualTo("1000");
        assertThat(retention.get("is_default").asBoolean()).isFalse();
        assertThat(retention.get("is_read_only").asBoolean()).isFalse();
        assertThat(retention.get("is_sensitive").asBoolean()).isFalse();
        assertThat(retention.get("source").asString()).isEqualTo("DYNAMIC_TOPIC_CONFIG");
        assertThat(retention.get("synonyms").toString()).isEqualTo(
                "[{\"name\":\"retention.ms\",\"value\":\"1000\",\"source\":\"DYNAMIC_TOPIC_CONFIG\"},"
                        + "{\"name\":\"log.retention.ms\",\"value\":\"604800000\",\"source\":\"DEFAULT_CONFIG\"}]");
        var policy = gateway.get(configs + "/cleanup.policy").json();
        assertThat(policy.get("value").asString()).isEqualTo("delete");
        assertThat(policy.get("is_default").asBoolean()).isTrue();
        assertThat(policy.get("source").asString()).isEqualTo("DEFAULT_CONFIG");
        assertError(gateway.get(configs + "/retention"), 404, 404, "Config retention cannot be found.");
        assertError(gateway.get(CLUSTER + "/topics/nowhere/configs"), 404, 40403, "does not host");
        assertError(gateway.get(CLUSTER + "/topics/nowhere/configs/retention.ms"), 404, 40403, "does not host");
    }

    @Test
    void settings_are_set_reset_and_altered_together() {
        gateway.createTopic("altered", 1);
        String topic = CLUSTER + "/topics/altered";

        assertThat(gateway.send("PUT", topic + "/configs/retention.ms", "{\"value\":\"5\"}").status()).isEqualTo(204);
        assertThat(configs("altered")).isEqualTo(Map.of("retention.ms", "5"));
        assertThat(gateway.send("POST", topic + "/configs:alter",
                "{\"data\":[{\"name\":\"flush.ms\",\"operation\":\"SET\",\"value\":\"7\"},"
                        + "{\"name\":\"retention.ms\",\"operation\":\"DELETE\"},{\"name\":\"segment.ms\",\"value\":\"9\"}]}")
                .status()).isEqualTo(204);
        assertThat(configs("altered")).isEqualTo(Map.of("flush.ms", "7", "segment.ms", "9"));
        assertThat(gateway.send("POST", topic + "/configs:alter",
                "{\"data\":[{\"name\":\"flush.ms\",\"value\":\"8\"}],\"validate_only\":true}").status()).isEqualTo(
                        204);
        assertThat(gateway.send("DELETE", topic + "/configs/segment.ms", null).status()).isEqualTo(204);
        assertThat(gateway.send("PUT", topic + "/configs/compression.type", "{\"value\":null}").status()).isEqualTo(
                204);
        assertThat(configs("altered")).isEqualTo(Map.of("flush.ms", "7"));
        assertError(gateway.send("PUT", topic + "/configs/retention.ms", "{\"value\":\"soon\"}"), 400, 40002,
                "retention.ms");
        assertError(gateway.send("PUT", topic + "/configs/retention", "{\"value\":\"1\"}"), 404, 404, "retention");
        assertError(gateway.send("DELETE", topic + "/configs/retention", null), 404, 404, "retention");
        assertError(gateway.send("PUT", CLUSTER + "/topics/nowhere/configs/retention.ms", "{\"value\":\"1\"}"), 404,
                40403, "does not host");
        assertError(gateway.send("POST", topic + "/configs:alter", "{\"data\":[{\"name\":\"x\"}]}"), 404, 404, "x");
        assertError(gateway.send("POST", topic + "/configs:alter", "{}"), 400, 400, "data");
        assertError(gateway.send("POST", topic + "/configs:alter",
                "{\"data\":[{\"name\":\"flush.ms\",\"operation\":\"APPEND\",\"value\":\"1\"}]}"), 400, 400,
                "data[0].operation");
        assertError(gateway.send("POST", topic + "/configs:alter", "{\"data\":[{\"name\":\"flush.ms\"}]}"), 400, 400,
                "data[0].value");
    }

    @Test
    void partitions_and_replicas_are_told_with_who_leads() {
        gateway.createTopic("parts", 2);
        String partitions = CLUSTER + "/topics/parts/partitions";

        var all = gateway.get(partitions).json();
        var replica = gateway.get(partitions + "/1/replicas").json().get("data").get(0);

        assertThat(all.get("kind").asString()).isEqualTo("KafkaPartitionList");
        assertThat(all.get("data").findValuesAsString("partition_id")).containsExactly("0", "1");
        assertThat(gateway.get(partitions + "/1").body()).isEqualTo(all.get("data").get(1).toString());
        assertThat(follow(all.get("data").get(1).get("leader")).json()).isEqualTo(replica);
        assertThat(follow(all.get("data").get(1).get("replicas")).json().get("data").get(0)).isEqualTo(replica);
        assertThat(replica.get("kind").asString()).isEqualTo("KafkaReplica");
        assertThat(replica.get("is_leader").asBoolean()).isTrue();
        assertThat(replica.get("is_in_sync").asBoolean()).isTrue();
        assertThat(replica.get("metadata").get("resource_name").asString()).isEqualTo(
                "crn:///kafka=fake/topic=parts/partition=1/replica=0");
        gateway.images.leaderless("parts", true);
        assertThat(gateway.get(partitions + "/1").json().get("leader").isNull()).isTrue();
        gateway.images.leaderless("parts", false);
        var still = follow(all.get("data").get(1).get("reassignment")).json();
        assertThat(still.get("adding_replicas")).isEmpty();
        assertThat(gateway.get(CLUSTER + "/topics/parts/partitions/-/reassignment").json().get("data")).isEmpty();
        assertError(gateway.get(partitions + "/2"), 404, 40403, "does not host");
        assertError(gateway.get(partitions + "/1/replicas/5"), 404, 404, "Replica 5 cannot be found.");
    }

    @Test
    void partitions_on_their_way_to_other_brokers_are_listed() {
        gateway.createTopic("moving", 2);
        gateway.images.move("moving", 1, List.of(1), List.of(0));

        var moving = gateway.get(CLUSTER + "/topics/-/partitions/-/reassignment").json();

        assertThat(moving.get("kind").asString()).isEqualTo("KafkaReassignmentList");
        var one = moving.get("data").get(0);
        assertThat(one.get("partition_id").asInt()).isEqualTo(1);
        assertThat(one.get("adding_replicas").toString()).isEqualTo("[1]");
        assertThat(one.get("removing_replicas").toString()).isEqualTo("[0]");
        assertThat(gateway.get(CLUSTER + "/topics/moving/partitions/-/reassignment").json().get("data").get(0))
                .isEqualTo(one);
        assertThat(gateway.get(CLUSTER + "/topics/moving/partitions/1/reassignment").json()).isEqualTo(one);
        gateway.images.remove("moving");
    }

    @Test
    void groups_their_consumers_and_assignments_are_told() {
        gateway.createTopic("read", 1);
        join("readers", "one two", "read");
        String group = CLUSTER + "/consumer-groups/readers";

        var described = gateway.get(group).json();

        assertThat(described.get("kind").asString()).isEqualTo("KafkaConsumerGroup");
        assertThat(described.get("state").asString()).isEqualTo("STABLE");
        assertThat(described.get("is_simple").asBoolean()).isFalse();
        assertThat(described.get("partition_assignor").asString()).isEqualTo("sticky");
        assertThat(gateway.get(CLUSTER + "/consumer-groups").json().get("data").toString()).contains(described
                .toString());
        var consumers = follow(described.get("consumers")).json();
        assertThat(consumers.get("kind").asString()).isEqualTo("KafkaConsumerList");
        var consumer = consumers.get("data").get(0);
        assertThat(consumer.get("consumer_id").asString()).isEqualTo("one two");
        assertThat(consumer.get("instance_id").isNull()).isTrue();
        assertThat(gateway.get(group + "/consumers/one%20two").json()).isEqualTo(consumer);
        var assignments = follow(consumer.get("assignments")).json();
        assertThat(assignments.get("kind").asString()).isEqualTo("KafkaConsumerAssignmentList");
        var assignment = assignments.get("data").get(0);
        assertThat(assignment.get("topic_name").asString()).isEqualTo("read");
        assertThat(follow(assignment.get("partition")).json().get("topic_name").asString()).isEqualTo("read");
        assertThat(gateway.get(group + "/consumers/one%20two/assignments/read/partitions/0").json()).isEqualTo(
                assignment);
        assertError(gateway.get(group + "/consumers/one%20two/assignments/read/partitions/1"), 404, 404, "read-1");
        assertError(gateway.get(group + "/consumers/three"), 404, 404, "Consumer three cannot be found.");
        assertError(gateway.get(CLUSTER + "/consumer-groups/nobody"), 404, 404, "nobody");
        assertError(gateway.get(CLUSTER + "/consumer-groups/nobody/consumers"), 404, 404, "nobody");
    }

    @Test
    void lags_are_told_the_greatest_first_and_summed_up() {
        gateway.images.topic("late", 2);
        gateway.brokers.append("late", 0, "1", "2");
        gateway.brokers.append("late", 1, "1", "2", "3", "4");
        join("behind", "c", "late");
        gateway.services.committed("behind", "late", 0, 1);
        gateway.services.committed("behind", "late", 1, 1);
        String group = CLUSTER + "/consumer-groups/behind";

        var lags = gateway.get(group + "/lags").json();

        assertThat(lags.get("kind").asString()).isEqualTo("KafkaConsumerLagList");
        assertThat(lags.get("data").findValuesAsString("lag")).containsExactly("3", "1");
        var greatest = lags.get("data").get(0);
        assertThat(greatest.get("current_offset").asLong()).isEqualTo(1);
        assertThat(greatest.get("log_end_offset").asLong()).isEqualTo(4);
        assertThat(greatest.get("consumer_id").asString()).isEqualTo("c");
        assertThat(greatest.get("metadata").get("resource_name").asString()).isEqualTo(
                "crn:///kafka=fake/consumer-group=behind/lag=late/partition=1");
        assertThat(gateway.get(group + "/lags/late/partitions/1").json()).isEqualTo(greatest);
        var summary = gateway.get(group + "/lag-summary").json();
        assertThat(summary.get("kind").asString()).isEqualTo("KafkaConsumerGroupLagSummary");
        assertThat(summary.get("max_lag").asLong()).isEqualTo(3);
        assertThat(summary.get("total_lag").asLong()).isEqualTo(4);
        assertThat(summary.get("max_lag_partition_id").asInt()).isEqualTo(1);
        assertThat(follow(summary.get("max_lag_consumer")).json().get("consumer_id").asString()).isEqualTo("c");
        assertThat(summary.get("metadata").get("resource_name").asString()).isEqualTo(
                "crn:///kafka=fake/consumer-group=behind/lag-summary");
        assertError(gateway.get(group + "/lags/late/partitions/2"), 404, 404, "Consumer lag");
        assertError(gateway.get(CLUSTER + "/consumer-groups/nobody/lags"), 404, 404, "nobody");
    }

    @Test
    void a_group_of_offsets_alone_is_a_simple_one() {
        gateway.images.topic("left", 1);
        gateway.services.committed("tool", "left", 0, 0);

        var group = gateway.get(CLUSTER + "/consumer-groups/tool").json();

        assertThat(group.get("is_simple").asBoolean()).isTrue();
        assertThat(group.get("state").asString()).isEqualTo("EMPTY");
        assertThat(follow(group.get("lag_summary")).json().get("max_lag_consumer_id").asString()).isEmpty();
        join("uncommitted", "c", "left");
        assertError(gateway.get(CLUSTER + "/consumer-groups/uncommitted/lags"), 404, 404, "Consumer lags");
    }

    @Test
    void what_http_refuses_has_the_dialects_form_too() {
        assertError(gateway.get(CLUSTER + "/nothing"), 404, 404, "nothing");
        assertError(gateway.send("PUT", CLUSTER + "/topics", "{}"), 405, 405, "PUT");
        gateway.services.controller.away(true);
        var away = gateway.send("POST", CLUSTER + "/topics", "{\"topic_name\":\"later\"}");
        gateway.services.controller.away(false);
        assertError(away, 503, 50302, "no controller");
        assertThat(away.header("Retry-After")).isEqualTo("1");
    }

    private static Map<String, String> configs(String topic) {
        return gateway.images.current().topic(topic).configs();
    }

    private static Answer follow(JsonNode link) {
        String url = link.get("related").asString();
        return gateway.get(url.substring(url.indexOf("/v3/")));
    }

    private static void join(String group, String name, String topic) {
        gateway.send("POST", "/consumers/" + group, "{\"name\":\"" + name + "\"}");
        gateway.send("POST", "/consumers/" + group + "/instances/" + name.replace(" ", "%20") + "/subscription",
                "{\"topics\":[\"" + topic + "\"]}");
    }

    private static void assertError(Answer answer, int status, int code, String message) {
        assertThat(answer.status()).as(answer.body()).isEqualTo(status);
        assertThat(answer.header("Content-Type")).startsWith("application/json");
        assertThat(answer.json().propertyNames()).containsExactly("error_code", "message");
        assertThat(answer.json().get("error_code").asInt()).as(answer.body()).isEqualTo(code);
        assertThat(answer.json().get("message").asString()).contains(message);
    }
}
