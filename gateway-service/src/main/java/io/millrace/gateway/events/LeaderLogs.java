package io.millrace.gateway.events;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.wire.ResponseMemory;
import io.millrace.gateway.brokers.Brokers;
import io.millrace.gateway.brokers.FetchFrom;
import io.millrace.gateway.brokers.FetchLimits;
import io.millrace.gateway.brokers.OffsetQuery;
import io.millrace.gateway.brokers.OffsetRange;
import io.millrace.gateway.brokers.Topics;
import io.millrace.gateway.events.Subscription.SubscribedPartition;
import java.time.Duration;
import java.util.List;

/** Reads from the leaders, and only as long as the topic is the one that was subscribed to and not one of the same name made since. */
final class LeaderLogs implements PartitionLogs {
    private final Brokers fetches;
    private final Brokers lookups;
    private final Topics topics;

    /**
     * @param fetches asks a leader that is away once
     * @param lookups asks it for a while
     */
    LeaderLogs(Brokers fetches, Brokers lookups, Topics topics) {
        this.fetches = fetches;
        this.lookups = lookups;
        this.topics = topics;
    }

    @Override
    public Fetched fetch(SubscribedPartition partition, long offset, int maxBytes, Duration maxWait,
            ResponseMemory memory) throws InterruptedException {
        if (isGone(partition)) {
            return new Fetched.Gone();
        }
        var from = new FetchFrom(partition.topic(), partition.partition(), offset);
        var fetched = fetches.fetch(List.of(from), new FetchLimits(maxWait, maxBytes, maxBytes, false, memory))
                .getFirst();
        // Looked at again: the answer may be of a topic that took the other's place meanwhile.
        if (isGone(partition)) {
            return new Fetched.Gone();
        }
        return switch (fetched.error()) {
            case null -> new Fetched.Records(fetched.records());
            case ErrorCode.OFFSET_OUT_OF_RANGE -> outOfRange(partition, fetched);
            case ErrorCode error -> new Fetched.Away(error.name());
        };
    }

    @Override
    public Found find(SubscribedPartition partition, StartPosition.Lookup lookup) throws InterruptedException {
        if (isGone(partition)) {
            return new Found.Gone();
        }
        try {
            long offset = lookups.offset(partition.topic(), partition.partition(), timestamp(lookup));
            return isGone(partition) ? new Found.Gone() : new Found.Offset(offset);
        } catch (RefusedException e) {
            return new Found.Away(e.getMessage());
        }
    }

    /** Looks up many at once. Refused with {@code LEADER_UNAVAILABLE} when a leader is away for too long. */
    long[] find(List<SubscribedPartition> partitions, StartPosition.Lookup lookup) throws InterruptedException {
        var found = lookups.offsets(partitions.stream()
                .map(partition -> new OffsetQuery(partition.topic(), partition.partition(), timestamp(lookup)))
                .toList());
        return found.stream().mapToLong(each -> each.offset()).toArray();
    }

    /** Brokers need not say where the log begins and ends when they refuse an offset. */
    private Fetched outOfRange(SubscribedPartition partition, io.millrace.gateway.brokers.Fetched fetched)
            throws InterruptedException {
        try {
            OffsetRange range = lookups.rangeOf(fetched);
            return isGone(partition) ? new Fetched.Gone() : new Fetched.OutOfRange(range.start(), range.end());
        } catch (RefusedException e) {
            return new Fetched.Away(e.getMessage());
        }
    }

    private boolean isGone(SubscribedPartition partition) {
        return topics.image().topic(partition.topicId()) == null;
    }

    static long timestamp(StartPosition.Lookup lookup) {
        return switch (lookup) {
            case StartPosition.Earliest() -> OffsetQuery.EARLIEST;
            case StartPosition.Latest() -> OffsetQuery.LATEST;
            case StartPosition.Since(long timestampMs) -> timestampMs;
        };
    }
}
