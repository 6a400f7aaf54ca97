package io.millrace.gateway.events;

import io.millrace.common.record.BatchMemory;
import io.millrace.gateway.events.Subscription.SubscribedPartition;
import java.nio.ByteBuffer;

/** Turns fetched records into the {@code data:} lines of their events. */
interface RecordRendering {
    /**
     * Renders what a fetch from {@code from} gave, in runs of bounded size (one record may be larger), in order and without a gap between
     * them.
     *
     * @param view    how the records are shown, and which; the runs cover the others without showing them
     * @param records whole batches, the first perhaps beginning before {@code from}
     * @param memory  what batches may be decompressed into, one after the other; the first that finds none ends it
     * @return the next offset to read
     */
    <X extends Exception> long render(SubscribedPartition partition, RecordView view, ByteBuffer records, long from,
            BatchMemory memory, Runs<X> runs)
            throws X;

    /** Takes the runs one by one. */
    @FunctionalInterface
    interface Runs<X extends Exception> {
        /** Returns whether there may be more. */
        boolean add(RenderedRecords run) throws X;
    }
}
