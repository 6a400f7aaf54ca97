package io.millrace.coordinator.listener;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.KafkaConsumer;

/** Kafka's consumers of a test, polled by its one thread. */
final class PolledConsumers {
    private static final Duration SHORT = Duration.ofMillis(50);
    private static final long LONG_NANOS = TimeUnit.SECONDS.toNanos(60);

    private PolledConsumers() {}

    /** Polls all of them in turn, as their applications would, until each has so many partitions. */
    @SafeVarargs
    static void pollUntil(int each, KafkaConsumer<byte[], byte[]>... consumers) {
        long deadlineNanos = System.nanoTime() + LONG_NANOS;
        boolean settled = false;
        while (!settled && System.nanoTime() < deadlineNanos) {
            settled = true;
            for (var consumer : consumers) {
                consumer.poll(SHORT);
                settled &= consumer.assignment().size() == each;
            }
        }
        for (var consumer : consumers) {
            assertThat(consumer.assignment()).hasSize(each);
        }
    }
}
