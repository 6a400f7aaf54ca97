package io.millrace.gateway.events;

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
     * @return the next offset to read
     */
    <X extends Exception> long render(SubscribedPartition partition, RecordView view, ByteBuffer records, long from,
            Runs<X> runs)
            throws X;

    /** Takes the runs one by one. */
    @FunctionalInterface
    interface Runs<X extends Exception> {
        void add(RenderedRecords run) throws X;
    }
}
