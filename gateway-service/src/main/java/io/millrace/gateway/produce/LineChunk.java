package io.millrace.gateway.produce;

import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.TopicImage;
import io.millrace.gateway.producer.Delivery;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Lines of a stream that were sent together, on their way from who reads to who reports. Not shared: it is handed over. */
final class LineChunk {
    /** What is kept of a record besides its bytes, until it is reported. */
    private static final int RECORD_BYTES = 64;
    /** As {@link #RECORD_BYTES}, with the refusal and its message. */
    private static final int REFUSAL_BYTES = 512;

    /** @param place among the chunk's lines */
    record BadLine(int place, RefusedException refusal) {}

    final TopicImage topic;
    /** Of the records, if they were taken. */
    @Nullable
    Delivery delivery;
    /** Why none of the records was taken. */
    @Nullable
    RefusedException refusal;
    /** Why the stream ends here, behind the lines. */
    @Nullable
    RefusedException end;
    /** Of the memory of all streams, until it is reported. */
    int countedBytes;
    private final List<BadLine> badLines = new ArrayList<>();
    private int lines;
    private int sizeBytes;

    LineChunk(TopicImage topic) {
        this.topic = topic;
    }

    void addRecord(int lineBytes) {
        lines++;
        sizeBytes += lineBytes + RECORD_BYTES;
    }

    void addBad(int lineBytes, RefusedException why) {
        badLines.add(new BadLine(lines, why));
        addRecord(lineBytes);
        sizeBytes += REFUSAL_BYTES;
    }

    /** In the order of the lines. */
    List<BadLine> badLines() {
        return badLines;
    }

    int lines() {
        return lines;
    }

    /** Of the memory that it takes, about. */
    int sizeBytes() {
        return sizeBytes;
    }
}
