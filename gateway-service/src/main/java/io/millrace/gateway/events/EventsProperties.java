package io.millrace.gateway.events;

import jakarta.validation.constraints.Min;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;
import org.springframework.validation.annotation.Validated;

/**
 * Server-sent events.
 *
 * @param heartbeat          a comment is written after so long without anything else
 * @param clientRetry        what a client is told to wait before it comes back
 * @param maxStreams         streams open at a time; one more is refused with {@code QUEUE_FULL}
 * @param maxTopics          topics of one stream
 * @param maxPartitions      partitions of one stream; each adds to the length of every event's id
 * @param maxLag             a stream that is further behind the newest records it was following is closed, to be resumed
 * @param ringSize           newest records kept for all streams of one subscription
 * @param ringTotalSize      the same for all subscriptions together; over it each keeps its newest run only
 * @param tailFetchSize      most that a partition's reader asks for at a time
 * @param tailLongPoll       longest wait of a partition's reader for records
 * @param catchUpFetchSize   most that a stream which reads old records asks for at a time
 * @param catchUpFetches     streams that may do so at a time; others ask for {@code catchUpSmallFetchSize}
 * @param catchUpSmallFetchSize what the others ask for
 * @param leaderRetry        pause before a partition without a leader is asked again
 */
@Validated
@ConfigurationProperties(prefix = "millrace.events", ignoreUnknownFields = false)
record EventsProperties(
        @DefaultValue("15s") Duration heartbeat,
        @DefaultValue("2s") Duration clientRetry,
        @Min(1) @DefaultValue("12000") int maxStreams,
        @Min(1) @DefaultValue("50") int maxTopics,
        @Min(1) @DefaultValue("256") int maxPartitions,
        @DefaultValue("64MB") DataSize maxLag,
        @DefaultValue("1MB") DataSize ringSize,
        @DefaultValue("128MB") DataSize ringTotalSize,
        @DefaultValue("1MB") DataSize tailFetchSize,
        @DefaultValue("5s") Duration tailLongPoll,
        @DefaultValue("256KB") DataSize catchUpFetchSize,
        @Min(0) @DefaultValue("128") int catchUpFetches,
        @DefaultValue("16KB") DataSize catchUpSmallFetchSize,
        @DefaultValue("100ms") Duration leaderRetry) {

    PartitionTail.Limits tailLimits() {
        return new PartitionTail.Limits((int) tailFetchSize.toBytes(), tailLongPoll, leaderRetry);
    }

    EventStream.Limits streamLimits() {
        return new EventStream.Limits(heartbeat, clientRetry, leaderRetry, maxLag.toBytes());
    }

    EventStream.CatchUp catchUp() {
        return new EventStream.CatchUp(catchUpFetches, (int) catchUpFetchSize.toBytes(), (int) catchUpSmallFetchSize
                .toBytes());
    }
}
