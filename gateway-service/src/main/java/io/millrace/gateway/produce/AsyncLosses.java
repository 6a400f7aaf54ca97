package io.millrace.gateway.produce;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.common.error.ErrorCode;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/** Records that were answered with 204 and then not stored: counted each, and told in the log now and then. */
@Component
final class AsyncLosses {
    private static final Logger LOG = LoggerFactory.getLogger(AsyncLosses.class);
    private static final long QUIET_NANOS = Duration.ofSeconds(10).toNanos();

    private final Counter records;
    private final AtomicLong quietUntilNanos = new AtomicLong(System.nanoTime());

    AsyncLosses(MeterRegistry registry) {
        this.records = Counter.builder("millrace.produce.async.failed").baseUnit("records")
                .description("Records answered with 204 that were not stored, or perhaps not").register(registry);
    }

    void lost(String topic, int partition, int count, ErrorCode error) {
        records.increment(count);
        long nowNanos = System.nanoTime();
        long quietUntil = quietUntilNanos.get();
        if (nowNanos - quietUntil >= 0 && quietUntilNanos.compareAndSet(quietUntil, nowNanos + QUIET_NANOS)) {
            LOG.warn("{} records for {}-{}, sent with async=true, failed: {}; {} since the start", count, topic,
                    partition, error, (long) records.count());
        }
    }
}
