package io.millrace.gateway.produce;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.cloudevents.CloudEvent;
import io.cloudevents.core.builder.CloudEventBuilder;
import io.cloudevents.http.HttpMessageFactory;
import io.cloudevents.jackson.JsonFormat;
import io.cloudevents.kafka.KafkaMessageFactory;
import io.millrace.gateway.testing.GatewayUnderTest;
import io.millrace.gateway.testing.GatewayUnderTest.Answer;
import java.net.URI;
import java.net.http.HttpRequest.BodyPublishers;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** Events that the SDK writes for HTTP are read by the SDK as it reads them from Kafka. */
class CloudEventsTest {
    private static final String EVENT = "application/cloudevents+json";
    private static final String BATCH = "application/cloudevents-batch+json";
    private static GatewayUnderTest gateway;
    private static int topics;

    @BeforeAll
    static void start() {
        gateway = GatewayUnderTest.startOverWire("millrace.brokers.unknown-topic-grace=20ms");
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    private static String topic() {
        String name = "events-" + topics++;
        gateway.createTopic(name, 1);
        return name;
    }

    private static CloudEvent event(int number) {
        return CloudEventBuilder.v1().withId("e-" + number).withSource(URI.create("/shop/1")).withType("order.paid")
                .withTime(OffsetDateTime.parse("2026-01-01T00:00:00Z")).withSubject("grüße " + number)
                .withExtension("partitionkey", "customer-" + number).withExtension("attempt", 2)
                .withData("application/json", ("{\"order\": " + number + "}").getBytes(UTF_8)).build();
    }

    private static Answer send(String topic, byte[] body, List<String> headers) {
        return gateway.sendFrom("POST", "/topics/" + topic, BodyPublishers.ofByteArray(body), headers.toArray(
                String[]::new));
    }

    /** As a Kafka consumer with the SDK would have them. */
    private static List<CloudEvent> stored(String topic) {
        List<CloudEvent> events = new ArrayList<>();
        for (JsonNode record : records(topic)) {
            var headers = new RecordHeaders();
            record.get("headers").forEach(header -> headers.add(header.get("key").asString(), bytes(header.get(
                    "value"))));
            events.add(KafkaMessageFactory.createReader(headers, bytes(record.get("value"))).toEvent());
        }
        return events;
    }

    private static JsonNode records(String topic) {
        return gateway.get("/topics/" + topic + "/partitions/0/records?offset=earliest", "Accept",
                "application/vnd.kafka.binary.v2+json").json();
    }

    private static byte[] bytes(JsonNode base64) {
        return Base64.getDecoder().decode(base64.asString());
    }

    private static String key(JsonNode record) {
        return new String(bytes(record.get("key")), UTF_8);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', ignoreLeadingAndTrailingWhitespace = true, textBlock = """
            Euro%20%E2%82%AC%20%F0%9F%98%80 | Euro € 😀
            "in quotes, \\"these\\" %41"     | in quotes, "these" A
            50% of %zz                      | 50% of %zz
            """)
    void an_attribute_in_a_header_is_decoded(String header, String value) {
        String topic = topic();

        Answer answer = send(topic, "1".getBytes(UTF_8), List.of("Content-Type", "application/json", "ce-specversion",
                "1.0", "ce-id", "1", "ce-source", "/shop", "ce-type", "t", "ce-subject", header, "ce-partitionkey",
                header));

        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        assertThat(stored(topic).getFirst().getSubject()).isEqualTo(value);
        assertThat(key(records(topic).get(0))).isEqualTo(value);
    }

    @Test
    void an_event_in_binary_mode_has_its_attributes_in_headers() {
        String topic = topic();
        List<String> headers = new ArrayList<>();
        List<byte[]> body = new ArrayList<>();
        HttpMessageFactory.createWriter((name, value) -> headers.addAll(List.of(name, value)), body::add).writeBinary(
                event(1));

        Answer answer = send(topic, body.getFirst(), headers);

        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        assertThat(stored(topic).getFirst().getData().toBytes()).isEqualTo("{\"order\": 1}".getBytes(UTF_8));
        assertThat(stored(topic).getFirst().getAttributeNames()).isEqualTo(event(1).getAttributeNames());
        assertThat(stored(topic).getFirst().getId()).isEqualTo("e-1");
        assertThat(stored(topic).getFirst().getTime()).isEqualTo(event(1).getTime());
        assertThat(stored(topic).getFirst().getExtension("attempt")).hasToString("2");
        assertThat(key(records(topic).get(0))).isEqualTo("customer-1");
        List<String> names = new ArrayList<>();
        records(topic).get(0).get("headers").forEach(header -> names.add(header.get("key").asString()));
        assertThat(names).contains("ce_id", "ce_source", "ce_type", "ce_specversion", "content-type");
    }

    @Test
    void an_event_in_structured_mode_is_stored_as_it_was_sent() {
        String topic = topic();
        byte[] body = new JsonFormat().serialize(event(7));

        Answer answer = send(topic, body, List.of("Content-Type", EVENT + "; charset=utf-8"));

        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        JsonNode record = records(topic).get(0);
        assertThat(bytes(record.get("value"))).isEqualTo(body);
        assertThat(key(record)).isEqualTo("customer-7");
        assertThat(stored(topic)).containsExactly(new JsonFormat().deserialize(body));
    }

    @Test
    void each_event_of_a_batch_is_a_record() {
        String topic = topic();
        String body = IntStream.range(0, 20).mapToObj(i -> new String(new JsonFormat().serialize(event(i)), UTF_8))
                .collect(Collectors.joining(" ,\n ", " [", "] "));

        Answer answer = send(topic, body.getBytes(UTF_8), List.of("Content-Type", BATCH, "Idempotency-Key", "batch"));
        Answer again = send(topic, body.getBytes(UTF_8), List.of("Content-Type", BATCH, "Idempotency-Key", "batch"));

        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        assertThat(again.body()).isEqualTo(answer.body());
        assertThat(stored(topic)).extracting(CloudEvent::getId).isEqualTo(IntStream.range(0, 20).mapToObj(i -> "e-" + i)
                .toList());
        assertThat(send(topic, "[]".getBytes(UTF_8), List.of("Content-Type", BATCH)).body()).isEqualTo(
                "{\"offsets\":[]}");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
            EVENT + "|{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\"}|type",
            EVENT + "|{\"specversion\":\"9.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\"}|9.0",
            EVENT + "|{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\",\"time\":\"noon\"}|time",
            EVENT + "|[]|not a CloudEvent",
            EVENT + "|{\"id\":|byte",
            EVENT + "|{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":{\"a\":[1]},\"type\":\"t\"}|source",
            EVENT + "|{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\",\"data_base64\":\"a\"}|base64",
            EVENT + "|{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\",\"data_base64\":\"\\u00e9WJj\"}|base64",
            EVENT + "|{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\",\"data_base64\":\"YQ==\",\"data\":1}|data",
            EVENT + "|{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\",\"datacontenttype\":\"text/plain\",\"data\":{}}|data",
            EVENT + "|{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\"} x|follows",
            EVENT + "|{}|not a CloudEvent: Missing mandatory specversion attribute",
            EVENT + "|``|expected a value",
            BATCH + "|{}|expected '['",
            BATCH + "|[{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\"},{}]|[1]"})
    void what_is_no_event_is_refused_by_what_is_wrong(String type, String body, String message) {
        String topic = topic();

        Answer answer = send(topic, body.getBytes(UTF_8), List.of("Content-Type", type));

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.json().get("message").asString()).contains(message);
        assertThat(gateway.broker.partition(topic, 0).values()).isEmpty();
    }

    @Test
    void data_may_be_large_and_attributes_not() {
        String topic = topic();
        String required = "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\",";
        String data = required + "\"data\":[" + "{},".repeat(30_000) + "{}]}";
        String base64 = required + "\"data_base64\":\"" + "YWJj".repeat(30_000) + "\"}";
        String escaped = required + "\"data_base64\":\"" + "\\u0059WI\\/".repeat(30_000) + "\"}";

        assertThat(send(topic, data.getBytes(UTF_8), List.of("Content-Type", EVENT)).status()).isEqualTo(200);
        assertThat(send(topic, base64.getBytes(UTF_8), List.of("Content-Type", EVENT)).status()).isEqualTo(200);
        assertThat(send(topic, escaped.getBytes(UTF_8), List.of("Content-Type", EVENT)).status()).isEqualTo(200);
        var large = send(topic, (required + "\"subject\":\"" + "x".repeat(70_000) + "\"}").getBytes(UTF_8), List.of(
                "Content-Type", EVENT));

        assertThat(large.status()).isEqualTo(413);
        assertThat(large.json().get("message").asString()).contains("attributes of the event");
        assertThat(gateway.broker.partition(topic, 0).values()).containsExactly(data, base64,
                escaped);
    }

    @Test
    void headers_of_no_event_are_refused() {
        String topic = topic();

        assertThat(send(topic, new byte[0], List.of("ce-specversion", "1.0", "ce-id", "1")).status()).isEqualTo(400);
        assertThat(send(topic, new byte[0], List.of("ce-specversion", "7", "ce-id", "1", "ce-source", "/s", "ce-type",
                "t")).status()).isEqualTo(400);
        assertThat(gateway.broker.partition(topic, 0).values()).isEmpty();
    }
}
