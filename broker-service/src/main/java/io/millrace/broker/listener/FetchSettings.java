package io.millrace.broker.listener;

import io.millrace.broker.listener.session.SessionLimits;
import java.time.Duration;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Limits of fetches.
 *
 * @param maxSize largest answer, whatever the client asks for, except that one batch is always answered whole (Kafka's {@code fetch.max.bytes})
 * @param maxWait longest wait for data, whatever the client asks for
 * @param maxWaiting fetches that wait at a time; one more is answered with what there is after {@code crowdedDelay}
 * @param maxWaitingPartitions partitions that they read, all together: each is kept in memory, and looked at whenever its fetch is woken; beyond
 *                             it the same answer
 * @param crowdedDelay how long such an answer is held back, so that its client does not ask in a loop
 * @param sessions limits of fetch sessions
 */
public record FetchSettings(
        @DefaultValue("55MB") DataSize maxSize,
        @DefaultValue("5m") Duration maxWait,
        @DefaultValue("20000") int maxWaiting,
        @DefaultValue("1000000") long maxWaitingPartitions,
        @DefaultValue("200ms") Duration crowdedDelay,
        @DefaultValue SessionLimits sessions) {

    public FetchSettings {
        if (maxSize.toBytes() < 1024 || maxSize.toBytes() > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("fetch max-size must be between 1 KB and 2 GB: " + maxSize);
        }
        if (maxWaiting < 0 || maxWaitingPartitions < 0) {
            throw new IllegalArgumentException("fetch max-waiting and max-waiting-partitions must not be negative: "
                    + maxWaiting + ", " + maxWaitingPartitions);
        }
        if (crowdedDelay.isNegative()) {
            throw new IllegalArgumentException("fetch crowded-delay must not be negative: " + crowdedDelay);
        }
    }
}
