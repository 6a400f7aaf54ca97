package io.millrace.gateway.producer;

import io.millrace.gateway.brokers.RetryBackoff;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;
import org.springframework.validation.annotation.Validated;

/**
 * The producer's limits.
 *
 * @param bufferMemory           of all records that wait for their leader; a request beyond it is refused with {@code QUEUE_FULL}
 * @param pooledMemory           of batch buffers kept for the next batches
 * @param batchSize              a batch takes no further record beyond it, or beyond the topic's {@code max.message.bytes} if that is less
 * @param requestSize            a produce request takes no further partition beyond it
 * @param maxInFlightRequests    unanswered produce requests per broker; a partition is in one of them only
 * @param deliveryTimeout        from the request to its answer, over all retries; then {@code LEADER_UNAVAILABLE} or {@code TIMED_OUT}
 * @param requestTimeout         of one try; then the connection is given up and the same batch is sent again. A batch whose partition gets
 *                               another leader does not wait for it
 * @param retryBackoff           wait before a batch is sent again while nothing is heard of a new leader, doubled with each failure
 * @param retryBackoffMax        the most that this wait grows to
 * @param stickySize             records without key go to one partition until it has got so much, then to another (KIP-480)
 * @param shutdownGrace          when the shutdown begins, what waits for a leader may wait so much longer; then {@code UNAVAILABLE}. What is
 *                               in flight is waited for
 * @param drainTimeout           longest wait at shutdown for what was accepted
 */
@Validated
@ConfigurationProperties(prefix = "millrace.producer", ignoreUnknownFields = false)
public record ProducerProperties(
        @DefaultValue("64MB") DataSize bufferMemory,
        @DefaultValue("16MB") DataSize pooledMemory,
        @DefaultValue("1MB") DataSize batchSize,
        @DefaultValue("4MB") DataSize requestSize,
        @DefaultValue("5") int maxInFlightRequests,
        @DefaultValue("10s") Duration deliveryTimeout,
        @DefaultValue("5s") Duration requestTimeout,
        @DefaultValue("20ms") Duration retryBackoff,
        @DefaultValue("250ms") Duration retryBackoffMax,
        @DefaultValue("16KB") DataSize stickySize,
        @DefaultValue("500ms") Duration shutdownGrace,
        @DefaultValue("5s") Duration drainTimeout) {

    public ProducerProperties {
        if (maxInFlightRequests < 1) {
            throw new IllegalArgumentException("millrace.producer.max-in-flight-requests must be at least 1: "
                    + maxInFlightRequests);
        }
        if (retryBackoffMax.compareTo(retryBackoff) < 0) {
            throw new IllegalArgumentException("millrace.producer.retry-backoff-max " + retryBackoffMax
                    + " is below retry-backoff " + retryBackoff);
        }
        if (batchSize.toBytes() < 1 || batchSize.toBytes() > Integer.MAX_VALUE / 2) {
            throw new IllegalArgumentException("millrace.producer.batch-size must be between 1 B and 1 GB: "
                    + batchSize);
        }
    }

    /** How long a request waits for its records: the producer notices at a retry that a batch's time is over, and knows by then whether it was ever sent. */
    public Duration answerTimeout() {
        return deliveryTimeout.plus(retryBackoff.multipliedBy(5));
    }

    RetryBackoff backoff() {
        return RetryBackoff.of(retryBackoff, retryBackoffMax);
    }
}
