package io.millrace.broker.listener;

import java.time.Duration;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Limits of what is done for clients with the help of others: at the controller, or by a partition's followers.
 *
 * @param maxConcurrent requests on their way to the controller, of those that change something and of those that read; one more is refused with
 *                      THROTTLING_QUOTA_EXCEEDED. Sixteen times as many may wait for their change to show
 * @param maxTimeout longest wait for a controller, or until a change shows in this broker's image, or on its followers, whatever the client asks for
 * @param maxWaitingProducers producers that wait for one block of ids; one more is told to try again
 * @param producerIdsTimeout longest wait for a block of ids; over it, all that wait are told to try again
 * @param maxWaitingDeletions DeleteRecords requests that wait for followers; one more is refused with THROTTLING_QUOTA_EXCEEDED.
 *                           These, and those on their way to the controller, have 8 MiB each for the frames that they came in, too
 */
public record ForwardSettings(
        @DefaultValue("64") int maxConcurrent,
        @DefaultValue("30s") Duration maxTimeout,
        @DefaultValue("10000") int maxWaitingProducers,
        @DefaultValue("15s") Duration producerIdsTimeout,
        @DefaultValue("1000") int maxWaitingDeletions) {

    public ForwardSettings {
        if (maxConcurrent < 1) {
            throw new IllegalArgumentException("forward max-concurrent must be at least 1: " + maxConcurrent);
        }
        if (maxWaitingDeletions < 1) {
            throw new IllegalArgumentException("forward max-waiting-deletions must be at least 1: "
                    + maxWaitingDeletions);
        }
        if (maxWaitingProducers < 1 || !producerIdsTimeout.isPositive()) {
            throw new IllegalArgumentException("forward max-waiting-producers must be at least 1 and"
                    + " producer-ids-timeout positive: " + maxWaitingProducers + ", " + producerIdsTimeout);
        }
    }
}
