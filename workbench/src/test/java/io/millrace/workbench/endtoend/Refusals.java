package io.millrace.workbench.endtoend;

import io.millrace.workbench.endtoend.ApiOperation.Example;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import tools.jackson.databind.JsonNode;

/**
 * How to be refused: for an operation and a status a request that must be answered so, made from the operation's first example. Most
 * statuses have one way for all operations: a name that there is not, a body that is none, a media type that nobody knows.
 */
final class Refusals {
    /** In the order in which they are replaced by one that there is not: what an operation is about first. */
    private static final List<String> NAMES = List.of("instance", "consumer_group_id", "topic", "topic_name", "group",
            "broker", "broker_id", "cluster_id");
    private static final String NOBODY = "nobody";
    private static final String NO_BROKER = "4711";
    /** More than a request may have, of what is taken whole. */
    private static final int LARGE_BODY_BYTES = 11 << 20;
    /** More than a record may have, less than a request may. */
    private static final int LARGE_RECORD_BYTES = 2 << 20;

    /** What none of these requests can bring about, and why. */
    static final Map<String, String> BY_CIRCUMSTANCES = Map.of(
            "POST /admin/rebalance 409", "needs brokers that are drained while topics still need them",
            "POST /admin/topics/{topic}/partitions 409", "needs brokers that are down",
            "POST /consumers/{group}/instances/{instance}/offsets 409", "needs partitions that went to another member",
            "POST /confluent/consumers/{group}/instances/{instance}/offsets 409",
            "needs partitions that went to another member",
            "GET /consumers/{group}/instances/{instance}/records 409", "needs two polls at a time",
            "GET /consumers/{group}/events 429", "needs ten thousand consumers");

    private static final Map<String, UnaryOperator<Example>> BY_OPERATION = new HashMap<>();

    static {
        put("GET /admin/rebalance 400", at("/admin/rebalance?limit=few"));
        put("GET /events 400", at("/events?topics=orders&from=yesterday"));
        put("GET /topics/{topic}/events 400", at("/topics/orders/events?from=yesterday"));
        put("GET /consumers/{group}/events 400", at("/consumers/live/events?topics=orders&from=yesterday"));
        put("POST /v3/clusters/{cluster_id}/topics 400", UnaryOperator.identity());
        put("PATCH /v3/clusters/{cluster_id}/topics/{topic_name} 400", body("{\"partitions_count\":1}"));
        put("PUT /v3/clusters/{cluster_id}/topics/{topic_name}/configs/{name} 400", body("{\"value\":\"many\"}"));
        put("POST /v3/clusters/{cluster_id}/topics/{topic_name}/configs:alter 400", body(
                "{\"data\":[{\"name\":\"retention.ms\",\"value\":\"many\"}]}"));

        put("GET /events 404", at("/events?topics=" + NOBODY));
        put("GET /consumers/{group}/events 404", at("/consumers/live/events?topics=" + NOBODY));
        put("POST /admin/reassignments 404", body(
                "{\"partitions\":[{\"topic\":\"orders\",\"partition\":99,\"replicas\":[0]}]}"));

        put("GET /consumers/{group}/instances/{instance}/records 406", header("Accept", Gateway.TEXT_RECORDS));
        put("GET /topics/{topic}/partitions/{partition}/records 406", header("Accept", Gateway.JSON_RECORDS));

        put("DELETE /admin/brokers/{broker} 409", UnaryOperator.identity());
        put("POST /admin/brokers/{broker}/drain 409", body("{\"dry_run\":true}"));
        put("POST /admin/topics 409", UnaryOperator.identity());
        put("POST /consumers/{group} 409", UnaryOperator.identity());
        put("POST /consumers/{group}/instances/{instance}/assignments 409", UnaryOperator.identity());
        put("POST /consumers/{group}/instances/{instance}/subscription 409", body(
                "{\"topics\":[\"orders\"],\"topic_pattern\":\"orders.*\"}"));
        put("DELETE /groups/{group} 409", UnaryOperator.identity());
        put("PUT /groups/{group}/offsets 409", UnaryOperator.identity());

        put("POST /topics/{topic} 413", body(record("\"" + "x".repeat(LARGE_RECORD_BYTES) + "\"")));
        put("POST /topics/{topic}/partitions/{partition} 413", body(record("\"" + "x".repeat(LARGE_RECORD_BYTES)
                + "\"")));
        put("POST /v3/clusters/{cluster_id}/topics/{topic_name}/records 413", example -> header("Idempotency-Key",
                "large").apply(body("x".repeat(LARGE_BODY_BYTES)).apply(example)));
        put("POST /v3/clusters/{cluster_id}/topics/{topic_name}/records:batch 413", body("x".repeat(
                LARGE_BODY_BYTES)));

        put("GET /topics/{topic}/partitions/{partition}/records 416", at(
                "/topics/orders/partitions/0/records?offset=1000000"));

        put("POST /admin/reassignments 422", body(
                "{\"partitions\":[{\"topic\":\"orders\",\"partition\":0,\"replicas\":[4711]}]}"));
        put("POST /admin/topics 422", body(
                "{\"topic_name\":\"refused\",\"configs\":{\"retention.ms\":\"many\"}}"));
        put("POST /admin/topics/{topic}/partitions 422", body("{\"partitions_count\":1}"));
        put("PUT /admin/topics/{topic}/replication-factor 422", body("{\"replication_factor\":99}"));
        put("POST /consumers/{group} 422", body("{\"format\":\"xml\"}"));
        put("GET /consumers/{group}/events 422", at("/consumers/live/events?topics=orders&commit=never"));
        put("GET /consumers/{group}/instances/{instance}/records 422", at(
                "/consumers/shipping/instances/c1/records?timeout=-1"));
        put("POST /consumers/{group}/instances/{instance}/subscription 422", body("{}"));
        put("GET /events 422", at("/events?topics=orders&format=xml"));
        put("GET /topics/{topic}/events 422", at("/topics/orders/events?format=xml"));
        // Later than the topic takes it: an hour from now, unless it is set otherwise.
        put("POST /topics/{topic} 422", body("{\"records\":[{\"value\":1,\"timestamp\":9999999999999}]}"));
        put("POST /topics/{topic}/partitions/{partition} 422", body(
                "{\"records\":[{\"value\":1,\"timestamp\":9999999999999}]}"));
    }

    private Refusals() {}

    /** The request that is to be refused with the status; none if it takes more than a request. */
    static Optional<Example> provoking(ApiOperation operation, String status) {
        String name = operation.name() + " " + status;
        UnaryOperator<Example> own = BY_OPERATION.get(name);
        if (own == null && BY_CIRCUMSTANCES.containsKey(name)) {
            return Optional.empty();
        }
        Example example = operation.examples().getFirst();
        return Optional.of(own != null ? own.apply(example) : switch (status) {
            case "400" -> body("{\"records\":").apply(example);
            case "404" -> at(unknown(operation)).apply(example);
            case "415" -> !operation.path().startsWith("/topics/") ? header("Content-Encoding", "br").apply(example)
                    : new Example(example.method(), example.address(), example.headers(), "image/png", "x");
            default -> throw new AssertionError(name + ": no request that is refused so");
        });
    }

    /** The operation's address, with a name that there is not. */
    private static String unknown(ApiOperation operation) {
        String replaced = NAMES.stream().filter(each -> operation.path().contains("{" + each + "}")).findFirst()
                .orElseThrow(() -> new AssertionError(operation.name()
                        + ": nothing in its path that might be unknown"));
        String address = operation.path().replace("{" + replaced + "}", replaced.startsWith("broker") ? NO_BROKER
                : NOBODY);
        for (JsonNode parameter : operation.node().path("parameters")) {
            if (parameter.get("in").asString().equals("path")) {
                address = address.replace("{" + parameter.get("name").asString() + "}", parameter.get("example")
                        .asString());
            }
        }
        return address;
    }

    private static void put(String name, UnaryOperator<Example> change) {
        BY_OPERATION.put(name, change);
    }

    private static String record(String value) {
        return "{\"records\":[{\"value\":" + value + "}]}";
    }

    private static UnaryOperator<Example> at(String address) {
        return example -> new Example(example.method(), address, example.headers(), example.contentType(), example
                .body());
    }

    private static UnaryOperator<Example> body(String body) {
        return example -> new Example(example.method(), example.address(), example.headers(), example.contentType(),
                body);
    }

    private static UnaryOperator<Example> header(String name, String value) {
        return example -> {
            var headers = new HashMap<>(example.headers());
            headers.put(name, value);
            return new Example(example.method(), example.address(), headers, example.contentType(), example.body());
        };
    }
}
