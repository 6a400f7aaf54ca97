package io.millrace.gateway.consumers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.common.error.ErrorCode;
import io.millrace.gateway.testing.GatewayUnderTest;
import io.millrace.gateway.testing.GatewayUnderTest.Answer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

class ConsumersTest {
    private static final String JSON = "application/vnd.kafka.json.v2+json";
    private static GatewayUnderTest gateway;
    private static int made;

    @BeforeAll
    static void start() {
        gateway = GatewayUnderTest.start("millrace.consumers.heartbeat=200ms");
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    @AfterEach
    void heal() {
        gateway.services.refuseDelivered(null);
        gateway.services.refuseCommits(null);
        gateway.services.loseReplies(0);
        gateway.brokers.away(0, false);
        gateway.brokers.away(1, false);
    }

    @Test
    void an_instance_is_created_and_told_where_it_is() {
        var created = gateway.send("POST", "/consumers/founders", "{\"name\":\"first\",\"format\":\"json\"}",
                "Content-Type",
                "application/vnd.kafka.v2+json");

        assertThat(created.status()).isEqualTo(200);
        assertThat(created.json().get("instance_id").asString()).isEqualTo("first");
        assertThat(created.json().get("base_uri").asString())
                .isEqualTo("http://127.0.0.1:" + gateway.port() + "/consumers/founders/instances/first");
    }

    @Test
    void below_the_confluent_prefix_a_committed_offset_is_that_of_a_record_consumed() {
        String topic = topic(2);
        append(topic, 0, "1", "2", "3");
        var created = gateway.send("POST", "/confluent/consumers/theirs",
                "{\"name\":\"c\",\"format\":\"json\",\"auto.offset.reset\":\"earliest\",\"auto.commit.enable\":\"false\"}");
        assertThat(gateway.services.describe("theirs", "c").settings().enableAutoCommit()).isFalse();
        String instance = "/confluent/consumers/theirs/instances/c";
        assertThat(created.json().get("base_uri").asString()).isEqualTo("http://127.0.0.1:" + gateway.port()
                + instance);
        assertThat(gateway.send("POST", instance + "/subscription", "{\"topics\":[\"" + topic + "\"]}").status())
                .isEqualTo(204);
        assertThat(gateway.get(instance + "/records?timeout=5000", "Accept", JSON).json()).hasSize(3);

        var committed = gateway.send("POST", instance + "/offsets", "{\"offsets\":[{\"topic\":\"" + topic
                + "\",\"partition\":0,\"offset\":1,\"metadata\":\"m\"}]}");

        assertThat(committed.status()).as(committed.body()).isEqualTo(204);
        assertThat(gateway.services.committed("theirs", topic, 0)).isEqualTo(2);
        assertThat(gateway.get(instance + "/offsets").json().get("offsets").get(0).get("offset").asInt()).isEqualTo(2);
        assertThat(gateway.send("POST", instance + "/offsets", null).status()).isEqualTo(204);
        assertThat(gateway.services.committed("theirs", topic, 0)).isEqualTo(3);
        assertThat(gateway.send("POST", instance + "/offsets", "{\"offsets\":[{\"topic\":\"" + topic
                + "\",\"partition\":0,\"offset\":-1}]}")).matches(answer -> answer.status() == 400 && answer.body()
                        .contains("offsets[0].offset"));
        assertThat(gateway.send("DELETE", instance, null).status()).isEqualTo(204);
        assertThat(gateway.get(instance + "/records").status()).isEqualTo(404);
        assertThat(gateway.get("/confluent/consumers/theirs/nothing").json().get("error_code").asInt()).isEqualTo(404);
    }

    @Test
    void an_instance_needs_no_body_and_a_name_is_taken_once() {
        assertThat(gateway.send("POST", "/consumers/plain", null).status()).isEqualTo(200);
        assertThat(gateway.send("POST", "/consumers/plain", null).status()).isEqualTo(409);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {"nam":"x"}                       | nam
            {"name":["x"]}                    | name
            {"fetch.min.bytes":"many"}        | fetch.min.bytes
            {"enable.auto.commit":{}}         | enable.auto.commit
            {"name":"x"                       | JSON
            """)
    void a_body_that_is_not_understood_is_refused_by_the_fields_name(String body, String named) {
        var response = gateway.send("POST", "/consumers/strict", body, "Content-Type", "application/vnd.kafka.v2+json");

        assertThat(response.status()).isEqualTo(400);
        assertThat(response.json().get("message").asString()).contains(named);
    }

    @Test
    void records_of_all_partitions_are_given_out_and_the_next_poll_goes_on() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(2));
        append(consumer.topic, 0, "{\"n\":1}", "{\"n\":2}");
        append(consumer.topic, 1, "{\"n\":3}");

        var first = consumer.poll("timeout=5000");
        append(consumer.topic, 1, "{\"n\":4}");
        var second = consumer.poll("timeout=5000");

        assertThat(values(first)).containsExactlyInAnyOrder("{\"n\":1}", "{\"n\":2}", "{\"n\":3}");
        assertThat(values(second)).containsExactly("{\"n\":4}");
        assertThat(first.header("Content-Type")).isEqualTo(JSON);
        var record = first.json().get(0);
        assertThat(record.propertyNames()).containsExactly("topic", "partition", "offset", "timestamp", "key", "value");
    }

    @Test
    void a_poll_waits_for_records_and_goes_back_to_the_coordinator_meanwhile() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(1));
        int before = gateway.services.polls();
        var poll = CompletableFuture.supplyAsync(() -> consumer.poll("timeout=60000"));
        await().until(() -> gateway.services.polls() >= before + 3);

        append(consumer.topic, 0, "1");

        assertThat(values(poll.join())).containsExactly("1");
    }

    @Test
    void a_poll_without_records_is_an_empty_answer_when_the_time_is_over() {
        var consumer = consumer("{}", topic(1));

        var response = consumer.poll("timeout=50");

        assertThat(response.status()).isEqualTo(200);
        assertThat(response.body()).isEqualTo("[]");
    }

    @Test
    void a_consumer_from_the_latest_misses_nothing_after_its_first_poll() {
        var consumer = consumer("{\"auto.offset.reset\":\"latest\"}", topic(1));
        append(consumer.topic, 0, "\"before\"");
        assertThat(consumer.poll("timeout=0").body()).isEqualTo("[]");

        append(consumer.topic, 0, "\"after\"");

        assertThat(values(consumer.poll("timeout=5000"))).containsExactly("\"after\"");
    }

    @Test
    void without_an_offset_and_without_a_reset_a_poll_is_refused() {
        var consumer = consumer("{\"auto.offset.reset\":\"none\"}", topic(1));

        assertThat(consumer.poll("timeout=0").status()).isEqualTo(416);
    }

    @Test
    void an_offset_that_retention_has_removed_is_reset() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(1));
        append(consumer.topic, 0, "0");
        append(consumer.topic, 0, "1");
        append(consumer.topic, 0, "2");
        gateway.brokers.deleteBefore(consumer.topic, 0, 2);
        consumer.send("POST", "/positions", "{\"offsets\":[{\"topic\":\"" + consumer.topic
                + "\",\"partition\":0,\"offset\":1}]}");

        assertThat(values(consumer.poll("timeout=5000"))).containsExactly("2");
    }

    @Test
    void max_bytes_bounds_an_answer_and_what_is_left_comes_next() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(1));
        var value = "\"" + "x".repeat(98) + "\"";
        append(consumer.topic, 0, value, value, value, value, value);

        var sizes = new ArrayList<Integer>();
        for (int i = 0; i < 3; i++) {
            sizes.add(values(consumer.poll("timeout=5000&max_bytes=250")).size());
        }

        assertThat(sizes).containsExactly(2, 2, 1);
    }

    @Test
    void one_record_is_given_though_it_is_larger_than_max_bytes() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(1));
        append(consumer.topic, 0, "\"" + "x".repeat(5000) + "\"", "1");

        var first = consumer.poll("timeout=5000&max_bytes=1");
        var second = consumer.poll("timeout=5000&max_bytes=1");

        assertThat(values(first)).hasSize(1).first().asString().hasSize(5002);
        assertThat(values(second)).containsExactly("1");
    }

    @Test
    void every_partition_gets_its_turn_however_much_the_others_have() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(4));
        var values = IntStream.range(0, 50).mapToObj(i -> "\"" + "x".repeat(200) + "\"").toArray(String[]::new);
        for (int p = 0; p < 4; p++) {
            append(consumer.topic, p, values);
        }

        var partitions = new ArrayList<Integer>();
        for (int i = 0; i < 4; i++) {
            gateway.json(consumer.poll("timeout=5000&max_bytes=300")).forEach(record -> partitions.add(record.get(
                    "partition").asInt()));
        }

        assertThat(partitions).contains(0, 1, 2, 3);
    }

    @Test
    void fetch_min_bytes_makes_a_poll_gather() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\",\"fetch.min.bytes\":400}", topic(1));
        var value = "\"" + "x".repeat(98) + "\"";
        append(consumer.topic, 0, value);
        var poll = CompletableFuture.supplyAsync(() -> consumer.poll("timeout=60000"));
        for (int i = 0; i < 3; i++) {
            append(consumer.topic, 0, value);
        }

        assertThat(values(poll.join())).hasSize(4);
    }

    @Test
    void a_poll_of_the_same_name_gives_the_same_records_again() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(2));
        append(consumer.topic, 0, "1", "2", "3");
        append(consumer.topic, 1, "4");

        var lost = consumer.poll("timeout=5000&poll_id=a");
        append(consumer.topic, 0, "5");
        append(consumer.topic, 1, "6");
        var again = consumer.poll("timeout=5000&poll_id=a");
        var next = consumer.poll("timeout=5000&poll_id=b");

        assertThat(values(lost)).containsExactlyInAnyOrder("1", "2", "3", "4");
        assertThat(values(again)).containsExactlyInAnyOrderElementsOf(values(lost));
        assertThat(values(next)).containsExactlyInAnyOrder("5", "6");
    }

    @Test
    void a_repeated_poll_is_refused_for_now_when_it_cannot_be_repeated_whole() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(2));
        append(consumer.topic, 0, "1");
        append(consumer.topic, 1, "2");
        assertThat(values(consumer.poll("timeout=5000&poll_id=a"))).hasSize(2);
        gateway.brokers.away(1, true);

        var again = consumer.poll("timeout=100&poll_id=a");

        assertThat(again.status()).isEqualTo(503);
        gateway.brokers.away(1, false);
        assertThat(values(consumer.poll("timeout=5000&poll_id=a"))).containsExactlyInAnyOrder("1", "2");
    }

    @Test
    void partitions_are_read_though_the_leader_of_another_is_away() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(2));
        append(consumer.topic, 0, "1");
        append(consumer.topic, 1, "2");
        consumer.send("POST", "/positions/beginning", "{\"partitions\":[{\"topic\":\"" + consumer.topic
                + "\",\"partition\":0},{\"topic\":\""
                + consumer.topic + "\",\"partition\":1}]}");
        gateway.brokers.away(1, true);

        var response = consumer.poll("timeout=2000");

        assertThat(values(response)).containsExactly("1");
    }

    @Test
    void records_are_held_back_when_another_poll_has_taken_over() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(1));
        append(consumer.topic, 0, "1");
        gateway.services.refuseDelivered(ErrorCode.POLL_SUPERSEDED);

        var response = consumer.poll("timeout=5000");

        assertThat(response.status()).isEqualTo(409);
        assertThat(response.body()).doesNotContain("\"value\"");
    }

    @Test
    void a_poll_whose_partitions_changed_hands_reads_anew_what_is_left_to_it() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(1));
        append(consumer.topic, 0, "1");
        gateway.services.refuseDelivered(ErrorCode.FENCED_MEMBER_EPOCH);
        int before = gateway.services.polls();
        assertThat(consumer.poll("timeout=0").status()).isEqualTo(409);
        assertThat(gateway.services.polls() - before).isEqualTo(4);

        gateway.services.refuseDelivered(null);

        assertThat(values(consumer.poll("timeout=5000"))).containsExactly("1");
    }

    @Test
    void records_are_given_out_though_the_coordinators_reply_is_lost() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(1));
        append(consumer.topic, 0, "1");
        gateway.services.loseReplies(2);

        assertThat(values(consumer.poll("timeout=5000"))).containsExactly("1");
    }

    @Test
    void records_that_were_taken_down_but_not_given_out_come_with_the_next_poll() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(1));
        append(consumer.topic, 0, "1");
        gateway.services.loseReplies(3);

        assertThat(consumer.poll("timeout=5000").status()).isEqualTo(503);

        assertThat(values(consumer.poll("timeout=5000"))).containsExactly("1");
    }

    @Test
    void records_that_cannot_be_written_to_the_client_come_with_the_next_poll() throws IOException {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(1));
        int before = gateway.services.polls();
        try (var client = new Socket(InetAddress.getLoopbackAddress(), gateway.port())) {
            client.setSoLinger(true, 0);
            client.getOutputStream().write(("GET " + consumer.path
                    + "/records?timeout=60000 HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
            await().until(() -> gateway.services.polls() > before);
        }
        append(consumer.topic, 0, "1");
        await().until(() -> gateway.services.losses(consumer.group) > 0);

        assertThat(values(consumer.poll("timeout=5000"))).containsExactly("1");
    }

    @Test
    void the_coordinator_hears_that_an_answer_went_out_and_of_none_without_records() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(1));
        consumer.poll("timeout=0");
        assertThat(gateway.services.answers(consumer.group)).isZero();
        append(consumer.topic, 0, "1");

        consumer.poll("timeout=5000");

        await().until(() -> gateway.services.answers(consumer.group) == 1);
    }

    @Test
    void an_instance_deleted_in_the_middle_of_a_poll_ends_it() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(1));
        int before = gateway.services.polls();
        var poll = CompletableFuture.supplyAsync(() -> consumer.poll("timeout=60000"));
        await().until(() -> gateway.services.polls() > before);

        assertThat(consumer.send("DELETE", "", null).status()).isEqualTo(204);

        assertThat(poll.join().status()).isEqualTo(404);
        assertThat(consumer.send("DELETE", "", null).status()).isEqualTo(404);
    }

    @ParameterizedTest
    @CsvSource({"application/vnd.kafka.json.v2+json, 200", "application/json, 200", "*/*, 200",
            "application/vnd.kafka.v2+json, 200",
            "application/vnd.kafka.binary.v2+json, 406", "application/vnd.kafka.text.v2+json, 406"})
    void the_accepted_format_must_be_the_instances_own(String accept, int status) {
        var consumer = consumer("{}", topic(1));

        var response = gateway.send("GET", consumer.path + "/records?timeout=0", null, "Accept", accept);

        assertThat(response.status()).isEqualTo(status);
    }

    @Test
    void an_instance_without_a_format_shows_base64_as_programs_for_kafka_rest_expect() {
        var consumer = new Consumer("{\"auto.offset.reset\":\"earliest\"}", topic(1));
        append(consumer.topic, 0, "{\"n\":1}");

        assertThat(values(consumer.poll("timeout=5000"))).containsExactly("\"eyJuIjoxfQ==\"");
    }

    @Test
    void a_record_that_is_not_json_is_refused_after_those_before_it_were_given_out() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(1));
        append(consumer.topic, 0, "1", "no json", "2");

        assertThat(values(consumer.poll("timeout=5000"))).containsExactly("1");
        assertThat(consumer.poll("timeout=5000").status()).isEqualTo(406);

        consumer.send("POST", "/positions", "{\"offsets\":[{\"topic\":\"" + consumer.topic
                + "\",\"partition\":0,\"offset\":2}]}");
        assertThat(values(consumer.poll("timeout=5000"))).containsExactly("2");
    }

    @ParameterizedTest
    @CsvSource({"timeout=x, 400", "timeout=-1, 422", "max_bytes=0, 422", "max_bytes=x, 400"})
    void a_parameter_out_of_its_range_is_refused(String query, int status) {
        var consumer = consumer("{}", topic(1));

        assertThat(consumer.poll(query).status()).isEqualTo(status);
    }

    @Test
    void a_subscription_is_told_with_its_partitions_and_can_be_given_up() {
        var consumer = consumer("{}", topic(2));

        var told = gateway.json(consumer.send("GET", "/subscription", null));
        int given = consumer.send("DELETE", "/subscription", null).status();
        var after = gateway.json(consumer.send("GET", "/subscription", null));

        assertThat(told.toString()).isEqualTo("{\"topics\":[\"" + consumer.topic + "\"],\"partitions\":[{\""
                + consumer.topic + "\":[0,1]}]}");
        assertThat(given).isEqualTo(204);
        assertThat(after.toString()).isEqualTo("{\"topics\":[],\"partitions\":[]}");
    }

    @Test
    void a_pattern_subscribes_to_all_topics_that_match() {
        var topic = topic(1);
        var consumer = new Consumer("{\"format\":\"json\"}", topic);
        consumer.send("DELETE", "/subscription", null);

        assertThat(consumer.send("POST", "/subscription", "{\"topic_pattern\":\"" + topic + ".*\"}").status())
                .isEqualTo(204);

        assertThat(gateway.json(consumer.send("GET", "/subscription", null)).get("topics").get(0).asString()).isEqualTo(
                topic);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {}                                          | 422
            {"topics":["a"],"topic_pattern":"b"}        | 409
            {"topics":[null]}                           | 400
            {"topics":"a"}                              | 400
            {"topicz":["a"]}                            | 400
            """)
    void a_subscription_must_be_to_topics_or_to_a_pattern(String body, int status) {
        var consumer = consumer("{}", topic(1));

        assertThat(consumer.send("POST", "/subscription", body).status()).isEqualTo(status);
    }

    @Test
    void partitions_assigned_by_hand_are_read_and_exclude_a_subscription() {
        var topic = topic(2);
        append(topic, 0, "0");
        append(topic, 1, "1");
        var consumer = new Consumer("{\"format\":\"json\",\"auto.offset.reset\":\"earliest\"}", null);

        var assigned = consumer.send("POST", "/assignments", "{\"partitions\":[{\"topic\":\"" + topic
                + "\",\"partition\":1}]}");

        assertThat(assigned.status()).isEqualTo(204);
        assertThat(values(consumer.poll("timeout=5000"))).containsExactly("1");
        assertThat(consumer.send("POST", "/subscription", "{\"topics\":[\"" + topic + "\"]}").status()).isEqualTo(
                409);
        assertThat(consumer.send("POST", "/assignments", "{\"partitions\":[{\"topic\":\"" + topic + "\"}]}")
                .status()).isEqualTo(400);
    }

    @Test
    void a_commit_without_a_body_is_of_all_that_was_given_out() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(1));
        append(consumer.topic, 0, "1", "2", "3");
        consumer.poll("timeout=5000");

        assertThat(consumer.send("POST", "/offsets", null).status()).isEqualTo(204);

        assertThat(gateway.services.committed(consumer.group, consumer.topic, 0)).isEqualTo(3);
    }

    @Test
    void a_commit_of_a_member_that_its_group_goes_on_without_is_a_conflict() {
        var consumer = consumer("{}", topic(1));
        gateway.services.refuseCommits(ErrorCode.UNKNOWN_MEMBER);

        var response = consumer.send("POST", "/offsets", "{\"offsets\":[{\"topic\":\"" + consumer.topic
                + "\",\"partition\":0,\"offset\":1}]}");

        assertThat(response.status()).as(response.body()).isEqualTo(409);
    }

    @Test
    void offsets_are_committed_as_given_and_told() {
        var consumer = consumer("{}", topic(1));

        var committed = consumer.send("POST", "/offsets", "{\"offsets\":[{\"topic\":\"" + consumer.topic
                + "\",\"partition\":0,\"offset\":17,\"metadata\":\"checked\"}]}");

        assertThat(committed.status()).isEqualTo(204);
        assertThat(gateway.json(consumer.send("GET", "/offsets", null)).toString()).isEqualTo(
                "{\"offsets\":[{\"topic\":\"" + consumer.topic
                        + "\",\"partition\":0,\"offset\":17,\"metadata\":\"checked\"}]}");
    }

    @Test
    void for_a_consumer_of_what_is_committed_a_partition_ends_before_an_open_transaction() {
        var topic = topic(1);
        append(topic, 0, "1");
        append(topic, 0, "2");
        gateway.broker.partition(topic, 0).openTransactionAt(1);
        var partition = "\"topic\":\"" + topic + "\",\"partition\":0";
        var settings = "{\"auto.offset.reset\":\"latest\",\"isolation.level\":\"read_committed\"}";

        var latest = consumer(settings, topic);
        // The broker of this test gives what is not committed, too: so it is seen where reading begins.
        assertThat(values(latest.poll("timeout=5000"))).containsExactly("2");
        var sought = consumer(settings.replace("latest", "earliest"), topic);
        assertThat(values(sought.poll("timeout=5000"))).isNotEmpty();
        sought.send("POST", "/positions/end", "{\"partitions\":[{" + partition + "}]}");
        assertThat(gateway.services.position(sought.group, topic, 0)).isEqualTo(1);
        sought.send("POST", "/positions", "{\"timestamps\":[{" + partition + ",\"timestamp\":9000000000000}]}");
        assertThat(gateway.services.position(sought.group, topic, 0)).isEqualTo(1);
    }

    @Test
    void a_position_is_moved_to_an_offset_a_time_and_either_end() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(1));
        gateway.brokers.append(consumer.topic, 0, 1_000, "1");
        gateway.brokers.append(consumer.topic, 0, 2_000, "2");
        gateway.brokers.append(consumer.topic, 0, 3_000, "3");
        var partition = "\"topic\":\"" + consumer.topic + "\",\"partition\":0";

        consumer.send("POST", "/positions", "{\"offsets\":[{" + partition + ",\"offset\":2}]}");
        assertThat(values(consumer.poll("timeout=5000"))).containsExactly("3");
        consumer.send("POST", "/positions", "{\"timestamps\":[{" + partition + ",\"timestamp\":1500}]}");
        assertThat(values(consumer.poll("timeout=5000"))).containsExactly("2", "3");
        consumer.send("POST", "/positions/beginning", "{\"partitions\":[{" + partition + "}]}");
        assertThat(values(consumer.poll("timeout=5000"))).containsExactly("1", "2", "3");
        consumer.send("POST", "/positions/beginning", "{\"partitions\":[{" + partition + "}]}");
        consumer.send("POST", "/positions/end", "{\"partitions\":[{" + partition + "}]}");
        assertThat(values(consumer.poll("timeout=0"))).isEmpty();
        consumer.send("POST", "/positions", "{\"timestamps\":[{" + partition + ",\"timestamp\":9000}]}");
        assertThat(values(consumer.poll("timeout=0"))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            /positions           | {"offsets":[{"topic":"TOPIC","partition":7,"offset":0}]}  | 404
            /positions           | {"offsets":[{"topic":"TOPIC","partition":0,"offset":-1}]} | 400
            /positions           | {"offsets":[{"topic":"TOPIC","partition":0}]}             | 400
            /positions           | {}                                                        | 400
            /positions/beginning | {"partitions":[{"topic":"absent","partition":0}]}         | 404
            /offsets             | {"offsets":[{"topic":"TOPIC","offset":1}]}                | 400
            /offsets             | {"offsetz":[]}                                            | 400
            """)
    void a_position_that_cannot_be_is_refused(String path, String body, int status) {
        var consumer = consumer("{}", topic(1));

        assertThat(consumer.send("POST", path, body.replace("TOPIC", consumer.topic)).status()).isEqualTo(status);
    }

    @Test
    void bodies_are_taken_whatever_their_media_type_and_deletes_without_one() {
        var consumer = consumer("{}", topic(1));
        var subscription = "{\"topics\":[\"" + consumer.topic + "\"]}";

        for (var type : List.of("application/vnd.kafka.v2+json", "application/json",
                "application/vnd.kafka.json.v2+json", "text/plain",
                "application/json; charset=utf-8")) {
            assertThat(gateway.send("POST", consumer.path + "/subscription", subscription, "Content-Type", type,
                    "Accept",
                    "application/vnd.kafka.binary.v2+json").status()).as(type).isEqualTo(204);
        }
        assertThat(gateway.send("POST", consumer.path + "/subscription", subscription).status()).isEqualTo(204);
        assertThat(gateway.send("GET", consumer.path + "/subscription", null, "Accept",
                "application/vnd.kafka.json.v2+json").status())
                .isEqualTo(200);
        assertThat(gateway.send("DELETE", consumer.path + "/subscription", "{}", "Accept",
                "application/vnd.kafka.json.v2+json").status())
                .isEqualTo(204);
    }

    @Test
    void a_topic_that_goes_away_under_a_poll_does_not_make_it_spin() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\",\"fetch.min.bytes\":10000}", topic(2));
        var doomed = topic(1);
        consumer.send("POST", "/subscription", "{\"topics\":[\"" + consumer.topic + "\",\"" + doomed + "\"]}");
        var poll = CompletableFuture.supplyAsync(() -> consumer.poll("timeout=2000"));
        await().until(() -> gateway.brokers.fetches(doomed) > 0);

        gateway.images.remove(doomed);
        append(consumer.topic, 0, "1");

        assertThat(values(poll.join())).containsExactly("1");
        assertThat(gateway.brokers.fetches(consumer.topic)).isLessThan(100);
    }

    @Test
    void a_topic_made_anew_is_not_read_for_its_predecessors_positions() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(1));
        append(consumer.topic, 0, "\"old\"");
        assertThat(values(consumer.poll("timeout=5000"))).hasSize(1);

        gateway.images.remove(consumer.topic);

        assertThat(consumer.poll("timeout=0").body()).isEqualTo("[]");
    }

    private static Consumer consumer(String settings, String topic) {
        return new Consumer(settings.replaceFirst("\\{", "{\"format\":\"json\"" + (settings.equals("{}") ? "" : ",")),
                topic);
    }

    private static String topic(int partitions) {
        var name = "t" + made++;
        gateway.images.topic(name, partitions);
        return name;
    }

    private static void append(String topic, int partition, String... values) {
        gateway.brokers.append(topic, partition, values);
    }

    private static List<String> values(Answer response) {
        assertThat(response.status()).as(response.body()).isEqualTo(200);
        var values = new ArrayList<String>();
        for (JsonNode record : response.json()) {
            values.add(record.get("value").toString());
        }
        return values;
    }

    /** One instance in a group of its own. */
    private static final class Consumer {
        final String group = "g" + made++;
        final String topic;
        final String path;

        Consumer(String settings, String topic) {
            this.topic = topic;
            var created = gateway.send("POST", "/consumers/" + group, settings);
            assertThat(created.status()).as(created.body()).isEqualTo(200);
            path = "/consumers/" + group + "/instances/" + created.json().get("instance_id").asString();
            if (topic != null) {
                assertThat(send("POST", "/subscription", "{\"topics\":[\"" + topic + "\"]}").status()).isEqualTo(
                        204);
            }
        }

        Answer send(String method, String below, String body) {
            return gateway.send(method, path + below, body);
        }

        Answer poll(String query) {
            return gateway.send("GET", path + "/records?" + query, null);
        }
    }
}
