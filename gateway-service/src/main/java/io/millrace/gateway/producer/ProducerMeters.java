package io.millrace.gateway.producer;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.millrace.common.error.ErrorCode;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * What is measured of producing. Produce requests are answered before the web framework's own measurements begin, so that theirs are
 * taken here; every meter exists from the start, and a request costs one look-up in an array.
 */
public final class ProducerMeters {
    private static final int STATUS_CLASSES = 6;
    private static final Duration[] BUCKETS = {Duration.ofMillis(1), Duration.ofMillis(2), Duration.ofMillis(5),
            Duration.ofMillis(10), Duration.ofMillis(25), Duration.ofMillis(50), Duration.ofMillis(100),
            Duration.ofMillis(250), Duration.ofMillis(500), Duration.ofSeconds(1), Duration.ofSeconds(5),
            Duration.ofSeconds(30)};

    /** By the status' first digit; those that are never answered share the one for clients that left. */
    private final Timer[] requests = new Timer[STATUS_CLASSES];
    private final Timer clientLeft;
    private final Counter direct;

    ProducerMeters(MeterRegistry registry, Producer producer) {
        Gauge.builder("millrace.producer.buffered", producer, Producer::bufferedBytes).baseUnit("bytes")
                .description("Records that wait for their leaders or for their answers").register(registry);
        FunctionCounter.builder("millrace.producer.records", producer, Producer::recordsAccepted)
                .description("Records taken").register(registry);
        FunctionCounter.builder("millrace.producer.retries", producer, Producer::retries)
                .description("Times that batches were sent again or waited for a leader").register(registry);
        for (ErrorCode error : ErrorCode.values()) {
            FunctionCounter.builder("millrace.producer.refused", producer, it -> it.recordsRefused(error))
                    .description("Records that were not stored, or not known to be").tag("error", error.name())
                    .register(registry);
        }
        direct = Counter.builder("millrace.producer.direct").description(
                "Produce requests that were taken past the web framework's dispatch").register(registry);
        clientLeft = timer(registry, "client_left");
        for (int statusClass = 0; statusClass < STATUS_CLASSES; statusClass++) {
            requests[statusClass] = switch (statusClass) {
                case 2, 4, 5 -> timer(registry, statusClass + "xx");
                default -> clientLeft;
            };
        }
    }

    /** A request is taken past the web framework's dispatch. */
    public void direct() {
        direct.increment();
    }

    /** A request was answered. */
    public void answered(int httpStatus, long durationNanos) {
        requests[httpStatus / 100].record(durationNanos, TimeUnit.NANOSECONDS);
    }

    /** The connection failed before the request was read or its answer written. */
    public void clientLeft(long durationNanos) {
        clientLeft.record(durationNanos, TimeUnit.NANOSECONDS);
    }

    private static Timer timer(MeterRegistry registry, String status) {
        return Timer.builder("millrace.producer.requests").description(
                "Produce requests, from their headers to their answer")
                .tag("status", status).serviceLevelObjectives(BUCKETS).register(registry);
    }
}
