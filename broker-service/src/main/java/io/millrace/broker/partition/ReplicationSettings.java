package io.millrace.broker.partition;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.util.unit.DataSize;
import org.springframework.validation.annotation.Validated;

/**
 * How partitions are replicated.
 *
 * @param lagTimeMax             a replica that has not had all that its leader has for so long leaves the ISR ({@code replica.lag.time.max.ms})
 * @param lagCheckInterval       how often leaders look who is behind, and ask again for changes of the ISR that were not answered
 * @param timeoutResolution      how often appends that wait for replicas are looked at; one may wait so much longer than its producer asked for
 * @param maxIsrChanges          changes of the ISR asked for in one transaction; more follow in the next
 * @param fetchMaxSize           most that a follower asks of a leader at a time ({@code replica.fetch.response.max.bytes})
 * @param fetchMaxPartitionSize  most of one partition in that ({@code replica.fetch.max.bytes}); one batch is always answered whole
 * @param fetchMaxWait           longest wait of a fetch for records ({@code replica.fetch.wait.max.ms}); one for busy partitions waits less
 * @param fetchTimeout           longest wait for an answer; over it the fetch is repeated
 * @param maxIdleFetches         fetches of a follower that wait at one leader for partitions that were idle; at the limit partitions without records
 *                               stay with the busy ones
 * @param backoffInitial         pause of a partition after an error; doubled for each one after it
 * @param backoffMax             the most that it grows to; also of the wait before a lost connection is opened again
 * @param reassignmentRate       bytes per second that this broker takes in for replicas that a reassignment adds, unless the reassignment was asked for with
 *                               another rate; 0 is without limit
 */
@Validated
@ConfigurationProperties(prefix = "millrace.replication", ignoreUnknownFields = false)
public record ReplicationSettings(
        @NotNull @DefaultValue("10s") Duration lagTimeMax,
        @NotNull @DefaultValue("500ms") Duration lagCheckInterval,
        @NotNull @DefaultValue("50ms") Duration timeoutResolution,
        @Min(1) @Max(100_000) @DefaultValue("1000") int maxIsrChanges,
        @NotNull @DefaultValue("10MB") DataSize fetchMaxSize,
        @NotNull @DefaultValue("1MB") DataSize fetchMaxPartitionSize,
        @NotNull @DefaultValue("500ms") Duration fetchMaxWait,
        @NotNull @DefaultValue("10s") Duration fetchTimeout,
        @Min(1) @Max(64) @DefaultValue("4") int maxIdleFetches,
        @NotNull @DefaultValue("20ms") Duration backoffInitial,
        @NotNull @DefaultValue("500ms") Duration backoffMax,
        @NotNull @DefaultValue("64MB") DataSize reassignmentRate) {

    public ReplicationSettings {
        for (Duration interval : new Duration[]{lagTimeMax, lagCheckInterval, timeoutResolution, fetchMaxWait,
                fetchTimeout, backoffInitial}) {
            if (interval.toMillis() < 1) {
                throw new IllegalArgumentException("the times of millrace.replication must be at least 1 ms");
            }
        }
        if (lagCheckInterval.compareTo(lagTimeMax) > 0) {
            throw new IllegalArgumentException("lag-check-interval " + lagCheckInterval + " is above lag-time-max "
                    + lagTimeMax);
        }
        if (fetchTimeout.compareTo(fetchMaxWait) <= 0) {
            throw new IllegalArgumentException("fetch-timeout " + fetchTimeout + " is not above fetch-max-wait "
                    + fetchMaxWait);
        }
        if (backoffMax.compareTo(backoffInitial) < 0) {
            throw new IllegalArgumentException("backoff-max " + backoffMax + " is below backoff-initial "
                    + backoffInitial);
        }
        if (fetchMaxPartitionSize.toBytes() < 1024 || fetchMaxSize.toBytes() < fetchMaxPartitionSize.toBytes()
                || fetchMaxSize.toBytes() > Integer.MAX_VALUE / 2) {
            throw new IllegalArgumentException("1 KB <= fetch-max-partition-size <= fetch-max-size <= 1 GB must hold: "
                    + fetchMaxPartitionSize + ", " + fetchMaxSize);
        }
        if (reassignmentRate.isNegative()) {
            throw new IllegalArgumentException("reassignment-rate must not be negative: " + reassignmentRate);
        }
    }

    /** What holds where nothing is set. */
    public static ReplicationSettings defaults() {
        return new Binder(new MapConfigurationPropertySource()).bindOrCreate("replication", ReplicationSettings.class);
    }
}
