package io.millrace.workbench.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.workbench.endtoend.Gateway.Answer;
import io.millrace.workbench.suite.Suite;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a program written for the Strimzi HTTP bridge relies on, against a running suite: status codes, media types, addresses, and what the
 * settings of a consumer mean. What each operation answers when all goes well, {@link ExamplesIT} tells.
 */
@WithSteadySuite
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BridgeContractIT {
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final String TOPIC = "contract";
    private static final String GROUP = "/consumers/contract";

    private final Suite suite;
    private final Gateway gateway;

    BridgeContractIT(Suite suite, Gateway gateway) {
        this.suite = suite;
        this.gateway = gateway;
    }

    @BeforeAll
    void a_topic_and_three_consumers_are_there() throws Exception {
        gateway.createTopic(TOPIC, 2);
        gateway.join("contract", "subscribed", TOPIC, TIMEOUT);
        create(GROUP, "{\"name\":\"assigned\",\"format\":\"json\"}");
        gateway.post(GROUP + "/instances/assigned/assignments", Gateway.METADATA,
                "{\"partitions\":[{\"topic\":\"contract\",\"partition\":0}]}").expect(204);
        create(GROUP, "{\"name\":\"free\",\"format\":\"json\"}");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', nullValues = "-", textBlock = """
            POST   | /admin/topics                                     | {"topic_name":"contract"}                                 | 409 | TOPIC_EXISTS
            POST   | /admin/topics                                     | {"topic_name":"no spaces"}                                | 422 | INVALID_TOPIC_NAME
            POST   | /admin/topics                                     | {"topic_name":"t","partitions_count":0}                   | 422 | INVALID_PARTITIONS
            POST   | /admin/topics                                     | {"topic_name":"t","replication_factor":9}                 | 422 | INVALID_REPLICATION_FACTOR
            POST   | /admin/topics                                     | {"topic_name":"t","configs":{"no.such":"1"}}              | 422 | INVALID_CONFIG
            POST   | /admin/topics                                     | {}                                                        | 400 | INVALID_REQUEST
            POST   | /admin/topics                                     | {"topic":"t"}                                             | 400 | INVALID_REQUEST
            DELETE | /admin/topics/nowhere                             | -                                                         | 404 | UNKNOWN_TOPIC
            GET    | /topics/nowhere                                   | -                                                         | 404 | UNKNOWN_TOPIC
            GET    | /topics/nowhere/partitions                        | -                                                         | 404 | UNKNOWN_TOPIC
            GET    | /topics/contract/partitions/2                     | -                                                         | 404 | UNKNOWN_PARTITION
            GET    | /topics/contract/partitions/2/offsets             | -                                                         | 404 | UNKNOWN_PARTITION
            GET    | /topics/contract/partitions/2/records             | -                                                         | 404 | UNKNOWN_PARTITION
            GET    | /topics/contract/partitions/1/records?offset=7    | -                                                         | 416 | OFFSET_OUT_OF_RANGE
            POST   | /topics/nowhere                                   | {"records":[{"value":1}]}                                 | 404 | UNKNOWN_TOPIC
            POST   | /topics/contract                                  | {"records":[{"value":1,"partition":2}]}                   | 404 | UNKNOWN_PARTITION
            POST   | /topics/contract/partitions/2                     | {"records":[{"value":1}]}                                 | 404 | UNKNOWN_PARTITION
            POST   | /topics/contract                                  | {"records":[{"value":1,"valeu":2}]}                       | 400 | MALFORMED_BODY
            POST   | /topics/contract                                  | {"records":                                               | 400 | MALFORMED_BODY
            POST   | /consumers/contract                               | {"name":"free"}                                           | 409 | INSTANCE_EXISTS
            POST   | /consumers/contract                               | {"format":"avro"}                                         | 422 | INVALID_SETTING
            POST   | /consumers/contract                               | {"auto.offset.reset":"newest"}                            | 422 | INVALID_SETTING
            POST   | /consumers/contract                               | {"fetch.min.bytes":-1}                                    | 422 | INVALID_SETTING
            POST   | /consumers/contract                               | {"consumer.request.timeout.ms":-1}                        | 422 | INVALID_SETTING
            POST   | /consumers/contract                               | {"isolation.level":"serializable"}                        | 422 | INVALID_SETTING
            POST   | /consumers/contract                               | {"formt":"json"}                                          | 400 | INVALID_REQUEST
            POST   | /consumers/contract/instances/free/subscription   | {"topics":["contract"],"topic_pattern":"c.*"}             | 409 | SUBSCRIPTION_CONFLICT
            POST   | /consumers/contract/instances/free/subscription   | {}                                                        | 422 | INVALID_SETTING
            POST   | /consumers/contract/instances/free/subscription   | {"topic_pattern":"("}                                     | 422 | INVALID_SETTING
            POST   | /consumers/contract/instances/assigned/subscription   | {"topics":["contract"]}                               | 409 | SUBSCRIPTION_CONFLICT
            POST   | /consumers/contract/instances/subscribed/assignments  | {"partitions":[{"topic":"contract","partition":0}]}   | 409 | SUBSCRIPTION_CONFLICT
            POST   | /consumers/contract/instances/free/assignments    | {"partitions":[{"topic":"nowhere","partition":0}]}        | 404 | UNKNOWN_TOPIC
            POST   | /consumers/contract/instances/free/assignments    | {"partitions":[{"topic":"contract","partition":2}]}       | 404 | UNKNOWN_PARTITION
            POST   | /consumers/contract/instances/assigned/positions  | {"offsets":[{"topic":"contract","partition":1,"offset":0}]} | 404 | UNKNOWN_PARTITION
            POST   | /consumers/contract/instances/assigned/positions/beginning | {"partitions":[{"topic":"contract","partition":1}]} | 404 | UNKNOWN_PARTITION
            POST   | /consumers/contract/instances/assigned/positions/end | {"partitions":[{"topic":"contract","partition":1}]}    | 404 | UNKNOWN_PARTITION
            GET    | /consumers/contract/instances/free/records?timeout=-1 | -                                                     | 422 | INVALID_SETTING
            GET    | /consumers/contract/instances/free/records?max_bytes=0 | -                                                    | 422 | INVALID_SETTING
            DELETE | /groups/contract                                  | -                                                         | 409 | GROUP_NOT_EMPTY
            GET    | /groups/nowhere                                   | -                                                         | 404 | UNKNOWN_GROUP
            DELETE | /groups/nowhere                                   | -                                                         | 404 | UNKNOWN_GROUP
            GET    | /nowhere                                          | -                                                         | 404 | NOT_FOUND
            PUT    | /topics                                           | {}                                                        | 405 | METHOD_NOT_ALLOWED
            """)
    void what_cannot_be_done_is_told_by_status_and_code(String method, String path, @Nullable String body, int status,
            String code) throws Exception {
        assertError(send(method, path, body), status, code);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', nullValues = "-", textBlock = """
            DELETE | -                    | -
            GET    | /records?timeout=0   | -
            POST   | /subscription        | {"topics":["contract"]}
            GET    | /subscription        | -
            DELETE | /subscription        | -
            POST   | /assignments         | {"partitions":[{"topic":"contract","partition":0}]}
            POST   | /offsets             | -
            POST   | /offsets             | {"offsets":[{"topic":"contract","partition":0,"offset":0}]}
            GET    | /offsets             | -
            POST   | /positions           | {"offsets":[{"topic":"contract","partition":0,"offset":0}]}
            POST   | /positions/beginning | {"partitions":[{"topic":"contract","partition":0}]}
            POST   | /positions/end       | {"partitions":[{"topic":"contract","partition":0}]}
            """)
    void a_consumer_that_is_not_there_is_404(String method, @Nullable String path, @Nullable String body)
            throws Exception {
        assertError(send(method, GROUP + "/instances/nobody" + Objects.requireNonNullElse(path, ""), body), 404,
                "UNKNOWN_INSTANCE");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            json   | {"key":{"id":1},"value":[1,null,"x"]}
            text   | {"key":"k","value":"not JSON"}
            binary | {"key":"AAE=","value":"/+4="}
            """)
    void what_goes_in_in_a_format_comes_out_in_it(String format, String record) throws Exception {
        String mediaType = "application/vnd.kafka." + format + ".v2+json";
        String topic = "contract-" + format;
        gateway.createTopic(topic, 1);
        Gateway.places(gateway.post("/topics/" + topic, mediaType, "{\"records\":[" + record + "]}").expect(200));
        String instance = create("/consumers/" + topic, "{\"format\":\"" + format
                + "\",\"auto.offset.reset\":\"earliest\"}");
        gateway.post(instance + "/subscription", Gateway.METADATA, "{\"topics\":[\"" + topic + "\"]}").expect(204);
        String other = format.equals("text") ? "binary" : "text";

        HttpResponse<String> refused = get(instance + "/records?timeout=0", "application/vnd.kafka." + other
                + ".v2+json");
        HttpResponse<String> polled = get(instance + "/records?timeout=20000", mediaType);
        HttpResponse<String> read = get("/topics/" + topic + "/partitions/0/records", mediaType);

        assertError(refused, 406, "FORMAT_MISMATCH");
        for (HttpResponse<String> answer : List.of(polled, read)) {
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
            assertThat(answer.headers().firstValue("Content-Type")).contains(mediaType);
            JsonNode got = JSON.readTree(answer.body()).get(0);
            assertThat(got.get("key")).isEqualTo(JSON.readTree(record).get("key"));
            assertThat(got.get("value")).isEqualTo(JSON.readTree(record).get("value"));
        }
        gateway.delete(instance).expect(204);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/topics", "/topics/contract", "/topics/contract/partitions",
            "/topics/contract/partitions/0", "/topics/contract/partitions/0/offsets", "/topics/nowhere",
            "/consumers/contract/instances/assigned/subscription", "/consumers/contract/instances/assigned/offsets",
            "/consumers/contract/instances/nobody/offsets", "/groups", "/groups/contract/lag"})
    void metadata_is_of_the_media_type_that_was_asked_for(String path) throws Exception {
        assertThat(get(path, Gateway.METADATA).headers().firstValue("Content-Type")).contains(Gateway.METADATA);
        for (String accept : List.of("application/json", "*/*", Gateway.JSON_RECORDS)) {
            assertThat(get(path, accept).headers().firstValue("Content-Type")).as(accept).contains(
                    "application/json");
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            Forwarded         | for=10.0.0.1;host=shop.example;proto=https        | https://shop.example:443
            X-Forwarded-Host  | shop.example:8443                                 | http://shop.example:8443
            X-Forwarded-Proto | https                                             | https://HOST
            """)
    void a_consumer_is_told_the_address_that_its_client_knows(String header, String value, String origin)
            throws Exception {
        HttpResponse<String> created = Gateway.http().send(HttpRequest.newBuilder(gateway.uri(GROUP)).header(header,
                value).POST(BodyPublishers.ofString("{}")).build(), BodyHandlers.ofString());

        JsonNode body = JSON.readTree(created.body());
        String instance = body.get("instance_id").asString();
        assertThat(body.get("base_uri").asString()).isEqualTo(origin.replace("HOST", gateway.uri("").getAuthority())
                + GROUP + "/instances/" + instance);
        gateway.delete(GROUP + "/instances/" + instance).expect(204);
    }

    @Test
    void a_poll_waits_for_as_long_and_as_much_as_its_consumer_was_created_with() throws Exception {
        gateway.createTopic("contract-wait", 1);
        String instance = create("/consumers/contract-wait", "{\"format\":\"json\",\"auto.offset.reset\":\"earliest\","
                + "\"consumer.request.timeout.ms\":60000,\"fetch.min.bytes\":1000,\"isolation.level\":\"read_committed\"}");
        gateway.post(instance + "/assignments", Gateway.METADATA,
                "{\"partitions\":[{\"topic\":\"contract-wait\",\"partition\":0}]}").expect(204);
        gateway.produce("contract-wait", List.of("{\"value\":1}"));

        CompletableFuture<HttpResponse<String>> poll = poll(instance, "");
        // Longer than a poll waits by default.
        await().during(Duration.ofMillis(1500)).atMost(TIMEOUT).until(() -> !poll.isDone());
        gateway.produce("contract-wait", List.of("{\"value\":\"" + "x".repeat(1000) + "\"}"));

        HttpResponse<String> answer = poll.get(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
        assertThat(Gateway.delivered(JSON.readTree(answer.body()))).extracting(Gateway.Delivered::offset)
                .containsExactly(0L, 1L);
        gateway.delete(instance).expect(204);
    }

    @Test
    void a_poll_is_repeated_by_its_name_and_gives_at_least_one_record_however_few_bytes_it_asks_for()
            throws Exception {
        gateway.createTopic("contract-repeat", 1);
        gateway.produce("contract-repeat", List.of("{\"value\":\"first\"}", "{\"value\":\"second\"}"));
        String instance = gateway.join("contract-repeat", "c1", "contract-repeat", TIMEOUT);

        HttpResponse<String> first = poll(instance, "?timeout=20000&max_bytes=1&poll_id=a").get();
        HttpResponse<String> repeated = poll(instance, "?timeout=20000&max_bytes=1&poll_id=a").get();
        HttpResponse<String> next = poll(instance, "?timeout=20000&poll_id=b").get();

        assertThat(Gateway.delivered(JSON.readTree(first.body()))).extracting(Gateway.Delivered::offset)
                .containsExactly(0L);
        assertThat(repeated.body()).isEqualTo(first.body());
        assertThat(Gateway.delivered(JSON.readTree(next.body()))).extracting(Gateway.Delivered::offset)
                .containsExactly(1L);
        gateway.delete(instance).expect(204);
    }

    @Test
    void a_consumer_below_the_confluent_prefix_lives_there() throws Exception {
        gateway.createTopic("contract-confluent", 1);
        gateway.produce("contract-confluent", List.of("{\"value\":1}", "{\"value\":2}"));
        Answer created = gateway.post("/confluent/consumers/contract-confluent", Gateway.METADATA,
                "{\"format\":\"json\",\"auto.offset.reset\":\"earliest\",\"auto.commit.enable\":\"false\"}").expect(
                        200);
        String address = created.body().get("base_uri").asString();
        assertThat(address).startsWith(gateway.uri("/confluent/consumers/contract-confluent/instances/").toString());
        String instance = URI.create(address).getPath();

        gateway.post(instance + "/subscription", Gateway.METADATA, "{\"topics\":[\"contract-confluent\"]}").expect(204);
        assertThat(Gateway.delivered(JSON.readTree(poll(instance, "?timeout=20000").get().body()))).hasSize(2);
        gateway.post(instance + "/offsets", Gateway.METADATA,
                "{\"offsets\":[{\"topic\":\"contract-confluent\",\"partition\":0,\"offset\":0}]}").expect(204);

        JsonNode committed = gateway.get(instance + "/offsets").expect(200).body().get("offsets").get(0);
        assertThat(committed.get("offset").asLong()).as("the next to read").isOne();
        gateway.delete(instance).expect(204);
    }

    @Test
    void the_document_is_found_by_the_bridges_names() throws Exception {
        JsonNode document = gateway.get("/openapi").expect(200).body();

        assertThat(gateway.get("/openapi/v3").expect(200).body()).isEqualTo(document);
        assertThat(gateway.get("/v3/api-docs").expect(200).body()).isEqualTo(document);
    }

    @Test
    void a_consumer_that_is_deleted_while_it_is_polled_ends_the_poll() throws Exception {
        gateway.createTopic("contract-delete", 1);
        for (int i = 0; i < 5; i++) {
            String instance = gateway.join("contract-delete", "c" + i, "contract-delete", TIMEOUT);
            List<CompletableFuture<HttpResponse<String>>> polls = List.of(poll(instance, "?timeout=60000"), poll(
                    instance,
                    "?timeout=60000"));

            HttpResponse<String> deleted = send("DELETE", instance, null);

            assertThat(deleted.statusCode()).as(deleted.body()).isEqualTo(204);
            for (CompletableFuture<HttpResponse<String>> poll : polls) {
                HttpResponse<String> ended = poll.get(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
                assertThat(ended.statusCode()).as(ended.body()).isIn(404, 409);
            }
            assertError(send("DELETE", instance, null), 404, "UNKNOWN_INSTANCE");
        }
    }

    @Test
    void health_and_metrics_are_where_the_bridges_are() throws Exception {
        String management = Objects.requireNonNull(suite.managementUrl("gateway"));
        for (String path : List.of("/healthy", "/ready", "/metrics")) {
            assertThat(Gateway.http().send(HttpRequest.newBuilder(URI.create(management + path)).build(), BodyHandlers
                    .ofString()).statusCode()).as(path).isEqualTo(200);
        }
        gateway.get("/healthy").expect(200);
        gateway.get("/ready").expect(200);
    }

    /** Answers the path of the consumer created. */
    private String create(String group, String settings) throws IOException, InterruptedException {
        Answer created = gateway.post(group, Gateway.METADATA, settings).expect(200);
        return group + "/instances/" + created.body().get("instance_id").asString();
    }

    private CompletableFuture<HttpResponse<String>> poll(String instance, String query) {
        return Gateway.http().sendAsync(HttpRequest.newBuilder(gateway.uri(instance + "/records" + query)).build(),
                BodyHandlers.ofString());
    }

    private HttpResponse<String> get(String path, String accept) throws IOException, InterruptedException {
        return Gateway.http().send(HttpRequest.newBuilder(gateway.uri(path)).header("Accept", accept).build(),
                BodyHandlers.ofString());
    }

    private HttpResponse<String> send(String method, String path, @Nullable String body)
            throws IOException, InterruptedException {
        return Gateway.http().send(HttpRequest.newBuilder(gateway.uri(path)).timeout(TIMEOUT).method(method,
                body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body)).build(), BodyHandlers
                        .ofString());
    }

    private static void assertError(HttpResponse<String> answer, int status, String code) {
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
        JsonNode error = JSON.readTree(answer.body());
        assertThat(error.get("error_code").asInt()).isEqualTo(status);
        assertThat(error.get("message").asString()).isNotEmpty();
        assertThat(error.get("code").asString()).as(answer.body()).isEqualTo(code);
    }
}
