package io.millrace.gateway.events;

import io.millrace.gateway.memory.MemoryBudget;
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
 * @param tailRest           longest pause of a partition's reader after a fetch that woke streams, of which each needs some microseconds
 * @param tailRenderTime     for all the views of what one fetch gave; streams of the others read it by themselves
 * @param tailMemory         of what all partitions' readers have fetched and not rendered yet; while it is full they wait
 * @param catchUpFetchSize   most that a stream which reads old records asks for at a time
 * @param catchUpFetches     streams that may do so at a time; others ask for {@code catchUpSmallFetchSize}
 * @param catchUpSmallFetchSize what the others ask for
 * @param catchUpMemory      of what they all have fetched and their clients have not taken; half used, all ask for little, and full, they wait
 * @param leaderRetry        pause before a partition without a leader is asked again
 * @param checkpoint         pause between two ids that come without a record, where records are not shown
 * @param maxTimeout         longest wait of a client that names a time-out; more is taken for this
 * @param pollSize           such a client has enough when it has got so much, and was given the first batch of each partition at least
 * @param writeTimeout       a client that takes nothing at all for so long is cut off
 * @param maxIgnored         a client that sends more, all in all, after its request is cut off
 * @param sendBuffer         what the kernel keeps of a connection's answer until its client takes it
 * @param drainTimeout       streams that do not end in this time when the gateway stops are cut off
 * @param groups             streams that are members of a group
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
        @DefaultValue("2ms") Duration tailRest,
        @DefaultValue("50ms") Duration tailRenderTime,
        @DefaultValue("64MB") DataSize tailMemory,
        @DefaultValue("256KB") DataSize catchUpFetchSize,
        @Min(0) @DefaultValue("128") int catchUpFetches,
        @DefaultValue("16KB") DataSize catchUpSmallFetchSize,
        @DefaultValue("64MB") DataSize catchUpMemory,
        @DefaultValue("100ms") Duration leaderRetry,
        @DefaultValue("1s") Duration checkpoint,
        @DefaultValue("5m") Duration maxTimeout,
        @DefaultValue("1MB") DataSize pollSize,
        @DefaultValue("20s") Duration writeTimeout,
        @DefaultValue("64KB") DataSize maxIgnored,
        @DefaultValue("256KB") DataSize sendBuffer,
        @DefaultValue("5s") Duration drainTimeout,
        @DefaultValue Groups groups) {

    /**
     * Streams that are members of a consumer group.
     *
     * @param heartbeat      how often a stream tells the coordinator where it stands and takes up a new assignment
     * @param session        a stream of which nothing was heard for so long loses its partitions to the others
     * @param fetchSize      most that a stream reads at a time, of all its partitions together
     * @param memory         of records that all such streams have read and their clients have not taken; while it is full none reads on
     * @param assignmentWait how soon a stream without partitions asks the coordinator again
     * @param drainLimit     a client that has not taken in this time what was read for it at once is cut off while half of the memory is used
     */
    record Groups(
            @DefaultValue("1s") Duration heartbeat,
            @DefaultValue("10s") Duration session,
            @DefaultValue("512KB") DataSize fetchSize,
            @DefaultValue("128MB") DataSize memory,
            @DefaultValue("100ms") Duration assignmentWait,
            @DefaultValue("10s") Duration drainLimit) {}

    PartitionTail.Limits tailLimits(MemoryBudget memory) {
        return new PartitionTail.Limits((int) tailFetchSize.toBytes(), tailLongPoll, leaderRetry,
                tailRest, tailRenderTime, memory);
    }

    EventStream.Limits streamLimits() {
        return new EventStream.Limits(heartbeat, clientRetry, leaderRetry, maxLag.toBytes(), checkpoint, pollSize
                .toBytes());
    }

    EventStream.CatchUp catchUp(MemoryBudget memory) {
        return new EventStream.CatchUp(catchUpFetches, (int) catchUpFetchSize.toBytes(), (int) catchUpSmallFetchSize
                .toBytes(), memory);
    }
}
