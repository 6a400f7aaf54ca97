package io.millrace.workbench.bench;

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
    KAFKA_PRODUCE_REPLICATED_1KIB("kafka-produce-1kib-rf3");

    private final String label;

    Work(String label) {
        this.label = label;
    }

    String label() {
        return label;
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
