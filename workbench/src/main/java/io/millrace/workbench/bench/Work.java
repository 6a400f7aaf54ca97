package io.millrace.workbench.bench;

import io.millrace.workbench.groups.Sharing;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** What the benchmark can measure, in the order in which it does. */
enum Work {
    STARTUP("startup"),
    KAFKA_PRODUCE_100B("kafka-produce-100b"),
    KAFKA_PRODUCE_1KIB("kafka-produce-1kib"),
    KAFKA_CONSUME("kafka-consume-100b"),
    IDLE_CONNECTIONS("idle-connections"),
    HTTP_FLOOR("http-floor"),
    HTTP_PRODUCE_1("http-produce-1"),
    HTTP_PRODUCE_100("http-produce-100"),
    HTTP_PRODUCE_SINGLE("http-produce-one-client"),
    HTTP_PRODUCE_KEYED("http-produce-idempotency-key"),
    HTTP_PRODUCE_LINES("http-produce-ndjson"),
    HTTP_CONSUME("http-consume"),
    SSE_LATENCY("sse-latency"),
    SSE_LATENCY_100("sse-latency-100-subscribers"),
    SSE_BESIDE_SLOW("sse-beside-a-slow-reader"),
    SSE_SUBSCRIBERS("sse-10000-subscribers"),
    MEMORY("memory"),
    KAFKA_PRODUCE_REPLICATED_100B("kafka-produce-100b-rf3"),
    KAFKA_PRODUCE_REPLICATED_1KIB("kafka-produce-1kib-rf3"),
    GROUP_CLASSIC("group-classic"),
    GROUP_COOPERATIVE("group-cooperative"),
    GROUP_CONSUMER("group-consumer");

    private final String label;

    Work(String label) {
        this.label = label;
    }

    String label() {
        return label;
    }

    /** How the consumers share of whose group the changes are measured; none where there is no group. */
    Optional<Sharing> sharing() {
        return switch (this) {
            case GROUP_CLASSIC -> Optional.of(Sharing.CLASSIC_RANGE);
            case GROUP_COOPERATIVE -> Optional.of(Sharing.CLASSIC_COOPERATIVE);
            case GROUP_CONSUMER -> Optional.of(Sharing.CONSUMER_UNIFORM);
            default -> Optional.empty();
        };
    }

    /** Whether it is measured on three brokers; all else is on one. */
    boolean isReplicated() {
        return this == KAFKA_PRODUCE_REPLICATED_100B || this == KAFKA_PRODUCE_REPLICATED_1KIB;
    }

    static Optional<Work> named(String label) {
        return Arrays.stream(values()).filter(work -> work.label.equals(label)).findFirst();
    }

    static List<String> labels() {
        return Arrays.stream(values()).map(Work::label).toList();
    }
}
