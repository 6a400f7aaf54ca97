package io.millrace.gateway.events;

import io.millrace.common.wire.ResponseMemory;
import io.millrace.gateway.events.Subscription.SubscribedPartition;
import java.nio.ByteBuffer;
import java.time.Duration;

/** The partitions' logs as their leaders give them out. */
interface PartitionLogs {
    /**
     * Reads records from {@code offset} on; waits until there are any, at most {@code maxWait}.
     *
     * @param maxBytes at least one batch is given, however large
     * @param memory   what the leader's answer must find room in; where it finds none, it is as if the leader were away
     */
    Fetched fetch(SubscribedPartition partition, long offset, int maxBytes, Duration maxWait, ResponseMemory memory)
            throws InterruptedException;

    /** Looks an offset up. */
    Found find(SubscribedPartition partition, StartPosition.Lookup lookup) throws InterruptedException;

    /** What came of a fetch. */
    sealed interface Fetched {
        /** @param records whole batches, none when the wait was over */
        record Records(ByteBuffer records) implements Fetched {}

        /** The log holds {@code [logStart, end)}. */
        record OutOfRange(long logStart, long end) implements Fetched {}

        /** The topic was deleted. */
        record Gone() implements Fetched {}

        /** No answer from the leader, or no leader; worth another try. */
        record Away(String reason) implements Fetched {}
    }

    /** What came of a look-up. */
    sealed interface Found {
        record Offset(long offset) implements Found {}

        record Gone() implements Found {}

        record Away(String reason) implements Found {}
    }
}
