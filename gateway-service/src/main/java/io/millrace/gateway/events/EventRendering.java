package io.millrace.gateway.events;

import io.millrace.common.record.BatchMemory;
import io.millrace.common.record.RecordCursor;
import io.millrace.gateway.events.Subscription.SubscribedPartition;
import io.millrace.gateway.json.JsonOutput;
import io.millrace.gateway.records.NotJson;
import io.millrace.gateway.records.RecordJsonWriter;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Renders records as one line of JSON each. A value that is not JSON is shown as a string: a subscription must not end at a record. */
final class EventRendering implements RecordRendering {
    /** A run is ended when it has come to so many bytes. */
    static final int RUN_BYTES = 32 * 1024;

    private static final byte[] DATA = "data: ".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] END = "\n\n".getBytes(StandardCharsets.US_ASCII);
    private static final int INITIAL_BYTES = 512;
    private static final int INITIAL_RECORDS = 4;

    @Override
    public <X extends Exception> long render(SubscribedPartition partition, RecordView view, ByteBuffer records,
            long from, BatchMemory memory, Runs<X> runs)
            throws X {
        var cursor = new RecordCursor(records, from, memory);
        var writer = new RecordJsonWriter(view.format(), NotJson.AS_STRING, true);
        writer.partition(partition.topic(), partition.partition());
        var filter = view.filter().isNone() ? null : view.filter().matcher();
        var run = new Run(from);
        while (cursor.next()) {
            if (filter == null || filter.matches(cursor)) {
                run.add(writer, cursor);
            }
            if (run.isFull()) {
                if (!runs.add(run.finish(cursor.nextOffset()))) {
                    return cursor.nextOffset();
                }
                run = new Run(cursor.nextOffset());
            }
        }
        if (cursor.nextOffset() > run.from) {
            runs.add(run.finish(cursor.nextOffset()));
        }
        return cursor.nextOffset();
    }

    private static final class Run {
        private final long from;
        private final JsonOutput data = new JsonOutput(INITIAL_BYTES);
        private long[] offsets = new long[INITIAL_RECORDS];
        private int[] ends = new int[INITIAL_RECORDS];
        private int count;

        Run(long from) {
            this.from = from;
        }

        void add(RecordJsonWriter writer, RecordCursor record) {
            if (count == offsets.length) {
                offsets = Arrays.copyOf(offsets, 2 * count);
                ends = Arrays.copyOf(ends, 2 * count);
            }
            data.write(DATA);
            writer.write(data, record);
            data.write(END);
            offsets[count] = record.offset();
            ends[count++] = data.size();
        }

        boolean isFull() {
            return data.size() >= RUN_BYTES;
        }

        RenderedRecords finish(long to) {
            return new RenderedRecords(from, to, Arrays.copyOf(offsets, count), Arrays.copyOf(ends, count),
                    Arrays.copyOf(data.array(), data.size()));
        }
    }
}
