package io.millrace.broker.listener.session;

import java.time.Duration;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Limits of the fetch sessions of a broker. Who gets none names its partitions in each fetch, and each answer names all of them.
 *
 * @param maxSessions   kept at a time (Kafka's {@code max.incremental.fetch.session.cache.slots}); one more takes the place of one that was not
 *                      used for {@code evictionTime}, or is so old and has fewer partitions; where there is none such, it gets none
 * @param maxPartitions of all sessions together, about 200 bytes each; a new session makes room as above, with as many others as it takes, and one
 *                      that would grow over the limit is ended
 * @param evictionTime  how long a session is kept at the least (Kafka's {@code min.incremental.fetch.session.eviction.ms})
 */
public record SessionLimits(
        @DefaultValue("1000") int maxSessions,
        @DefaultValue("200000") int maxPartitions,
        @DefaultValue("2m") Duration evictionTime) {

    public SessionLimits {
        if (maxSessions < 0 || maxPartitions < 0 || evictionTime.isNegative()) {
            throw new IllegalArgumentException("max-sessions, max-partitions and eviction-time of fetch sessions must"
                    + " not be negative: " + maxSessions + ", " + maxPartitions + ", " + evictionTime);
        }
    }
}
