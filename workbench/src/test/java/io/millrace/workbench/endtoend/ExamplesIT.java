package io.millrace.workbench.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.workbench.suite.Suite;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/**
 * Goes through the whole OpenAPI document as a newcomer does: each operation with its examples as they stand, in the order of a story, since
 * most examples need what others have made. An operation that has no example, or no place in the story, fails the build.
 */
@WithSuite
class ExamplesIT {
    /** Those whose examples need a broker that may go: {@link GrowingIT} tries them on a suite that shrinks. */
    static final Set<String> ON_A_SUITE_THAT_SHRINKS = Set.of("POST /admin/brokers/{broker}/drain",
            "DELETE /admin/brokers/{broker}/drain", "DELETE /admin/brokers/{broker}");

    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final String PRODUCE = "POST /topics/{topic}";
    private static final String INSTANCE = "/consumers/{group}/instances/{instance}";
    private static final String CLUSTER = " /v3/clusters/{cluster_id}";
    private static final String V3_TOPIC = CLUSTER + "/topics/{topic_name}";
    private static final String V3_PARTITION = V3_TOPIC + "/partitions/{partition_id}";
    private static final String V3_GROUP = CLUSTER + "/consumer-groups/{consumer_group_id}";
    private static final String V3_CONSUMER = V3_GROUP + "/consumers/{consumer_id}";

    private final Suite suite;
    private final Gateway gateway;
    private final ExampleReplay document;

    ExamplesIT(Suite suite, Gateway gateway) throws IOException, InterruptedException {
        this.suite = suite;
        this.gateway = gateway;
        this.document = new ExampleReplay(gateway);
    }

    @Test
    void every_operation_answers_its_examples_as_documented() throws Exception {
        document.tryOut("GET /", "GET /openapi");
        withoutGroups();
        topicsAndRecords();
        consumersAndGroups();
        movesOfReplicas();
        document.tryOut("DELETE /admin/topics/{topic}");
        topicsInTheV3Dialect();
        groupsInTheV3Dialect();
        withoutGroups();
        document.tryOut("DELETE" + V3_TOPIC);

        assertThat(document.misfits()).isEmpty();
        var tried = new TreeSet<>(document.tried());
        tried.addAll(ON_A_SUITE_THAT_SHRINKS);
        assertThat(tried).as("operations that have a place in the story, and all there are").isEqualTo(document
                .operations());
    }

    /** Producing has a way past the web framework, for requests that are written plainly; what a web page sends takes the common way. */
    @Test
    void each_of_the_two_ways_of_producing_answers_as_documented() throws Exception {
        withoutTopic();
        document.tryFirst("POST /admin/topics");
        int examples = document.examples(PRODUCE);
        long direct = counted("millrace_producer_direct_total");
        long all = counted("millrace_producer_requests_seconds_count");

        document.tryOut(PRODUCE);
        assertThat(counted("millrace_producer_direct_total")).isEqualTo(direct + examples);
        assertThat(counted("millrace_producer_requests_seconds_count")).isEqualTo(all + examples);

        document.tryOutWith(PRODUCE, "Origin", "http://page.example");
        assertThat(counted("millrace_producer_direct_total")).isEqualTo(direct + examples);
        assertThat(counted("millrace_producer_requests_seconds_count")).isEqualTo(all + 2L * examples);
        assertThat(document.misfits()).isEmpty();
        withoutTopic();
    }

    /** What the gateway has counted, whatever its tags. */
    private long counted(String meter) throws IOException, InterruptedException {
        String metrics = Gateway.http().send(HttpRequest.newBuilder(URI.create(suite.managementUrl("gateway")
                + "/actuator/prometheus")).build(), HttpResponse.BodyHandlers.ofString()).body();
        return metrics.lines().filter(line -> line.startsWith(meter + "{") || line.startsWith(meter + " "))
                .mapToLong(line -> (long) Double.parseDouble(line.substring(line.lastIndexOf(' ')))).sum();
    }

    private void topicsAndRecords() throws Exception {
        document.tryEach("POST /admin/topics", this::withoutTopic);
        document.tryOut("GET /topics", "GET /topics/{topic}", "GET /topics/{topic}/partitions",
                "GET /topics/{topic}/partitions/{partition}", "POST /topics/{topic}",
                "POST /topics/{topic}/partitions/{partition}", "GET /topics/{topic}/partitions/{partition}/offsets",
                "GET /topics/{topic}/partitions/{partition}/records", "GET /topics/{topic}/events", "GET /events");
    }

    /** On a topic of which all records are of the format that the consumer is created with. */
    private void consumersAndGroups() throws Exception {
        withoutTopic();
        document.tryFirst("POST /admin/topics", "POST /topics/{topic}/partitions/{partition}");
        document.tryOut("GET /consumers/{group}/events");
        document.tryEach("POST /consumers/{group}", this::withoutInstance);
        document.tryOut("POST " + INSTANCE + "/subscription");
        pollUntilAssigned();
        document.tryOut("GET " + INSTANCE + "/records", "GET " + INSTANCE + "/subscription",
                "POST " + INSTANCE + "/offsets", "GET " + INSTANCE + "/offsets",
                "POST /confluent" + INSTANCE + "/offsets", "POST " + INSTANCE + "/positions",
                "POST " + INSTANCE + "/positions/end", "POST " + INSTANCE + "/positions/beginning", "GET /groups",
                "GET /groups/{group}", "GET /groups/{group}/lag", "DELETE " + INSTANCE + "/subscription",
                "POST " + INSTANCE + "/assignments", "DELETE " + INSTANCE, "PUT /groups/{group}/offsets",
                "DELETE /groups/{group}");
    }

    private void movesOfReplicas() throws Exception {
        document.tryOut("GET /admin/brokers", "POST /admin/rebalance", "GET /admin/rebalance",
                "DELETE /admin/rebalance");
        awaitNothingMoves();
        document.tryOut("POST /admin/topics/{topic}/partitions", "PUT /admin/topics/{topic}/replication-factor",
                "POST /admin/reassignments");
        awaitNothingMoves();
    }

    private void topicsInTheV3Dialect() throws Exception {
        document.tryOut("GET /v3/clusters", "GET" + CLUSTER, "GET" + CLUSTER + "/brokers",
                "GET" + CLUSTER + "/brokers/{broker_id}");
        document.tryEach("POST" + CLUSTER + "/topics", this::withoutTopic);
        document.tryOut("GET" + CLUSTER + "/brokers/{broker_id}/partition-replicas", "GET" + CLUSTER + "/topics",
                "GET" + V3_TOPIC, "PATCH" + V3_TOPIC, "GET" + V3_TOPIC + "/configs",
                "PUT" + V3_TOPIC + "/configs/{name}", "GET" + V3_TOPIC + "/configs/{name}",
                "POST" + V3_TOPIC + "/configs:alter", "DELETE" + V3_TOPIC + "/configs/{name}",
                "POST" + V3_TOPIC + "/records", "POST" + V3_TOPIC + "/records:batch", "GET" + V3_TOPIC + "/partitions",
                "GET" + V3_PARTITION, "GET" + V3_PARTITION + "/replicas", "GET" + V3_PARTITION
                        + "/replicas/{broker_id}",
                "GET" + V3_PARTITION + "/reassignment", "GET" + V3_TOPIC + "/partitions/-/reassignment",
                "GET" + CLUSTER + "/topics/-/partitions/-/reassignment");
    }

    private void groupsInTheV3Dialect() throws Exception {
        withoutTopic();
        document.tryFirst("POST" + CLUSTER + "/topics", "POST /topics/{topic}/partitions/{partition}");
        document.tryEach("POST /consumers/{group}", this::withoutInstance);
        document.tryOut("POST " + INSTANCE + "/subscription");
        pollUntilAssigned();
        document.tryOut("POST " + INSTANCE + "/offsets");
        document.tryOut("GET" + CLUSTER + "/consumer-groups", "GET" + V3_GROUP, "GET" + V3_GROUP + "/consumers",
                "GET" + V3_CONSUMER, "GET" + V3_CONSUMER + "/assignments",
                "GET" + V3_CONSUMER + "/assignments/{topic_name}/partitions/{partition_id}", "GET" + V3_GROUP + "/lags",
                "GET" + V3_GROUP + "/lags/{topic_name}/partitions/{partition_id}", "GET" + V3_GROUP + "/lag-summary");
    }

    /** A member may have to wait for its first partitions. */
    private void pollUntilAssigned() {
        await().atMost(TIMEOUT).until(() -> {
            document.tryOut("GET " + INSTANCE + "/records");
            return !gateway.get("/consumers/shipping/instances/c1/subscription").expect(200).body().get("partitions")
                    .isEmpty();
        });
    }

    private void awaitNothingMoves() {
        await().atMost(TIMEOUT).until(() -> {
            JsonNode progress = gateway.get("/admin/rebalance").expect(200).body();
            return progress.get("moving").asInt() == 0 && progress.get("waiting").asInt() == 0;
        });
    }

    private void withoutTopic() throws IOException, InterruptedException {
        gateway.delete("/admin/topics/orders");
        await().atMost(TIMEOUT).until(() -> gateway.get("/topics/orders").status() == 404);
    }

    private void withoutInstance() throws IOException, InterruptedException {
        gateway.delete("/consumers/shipping/instances/c1");
    }

    /** Of the examples' groups, what this or another test has left. */
    private void withoutGroups() throws IOException, InterruptedException {
        withoutInstance();
        gateway.delete("/groups/shipping");
        gateway.delete("/groups/live");
    }
}
