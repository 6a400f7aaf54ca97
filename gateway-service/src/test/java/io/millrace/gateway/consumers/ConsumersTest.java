package io.millrace.gateway.consumers;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Consumers are created, told what to read and from where. */
class ConsumersTest extends ConsumerCalls {
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
}
