package io.millrace.broker.log;

import io.millrace.broker.log.LogSegment.Located;
import java.io.IOException;
import java.util.Optional;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.jspecify.annotations.Nullable;

/** Reads of a log as it was at one moment. */
final class LogReads {

    /** The segments, and how far into the growing one readers may go. */
    record View(LogSegments segments, long endOffset, LogSegment endSegment, int endPosition, long startOffset) {
        int limit(LogSegment segment) {
            return segment == endSegment ? endPosition
                    : segment.baseOffset() > endSegment.baseOffset() ? 0 : segment.sizeBytes();
        }

        long endOffset(int index) {
            LogSegment following = segments.after(index);
            return segments.get(index) == endSegment || following == null ? endOffset : following.baseOffset();
        }
    }

    private LogReads() {}

    static ReadResult read(View view, long offset, int maxBytes, boolean minOneBatch, long upperBoundOffset)
            throws IOException {
        if (offset < view.startOffset() || offset > view.endOffset()) {
            return new ReadResult.OutOfRange(view.startOffset(), view.endOffset());
        }
        long bound = Math.min(upperBoundOffset, view.endOffset());
        for (int i = view.segments().floorIndex(offset); offset < bound && i < view.segments().size(); i++) {
            LogSegment segment = view.segments().get(i);
            int limit = view.limit(segment);
            Located first = segment.locate(offset, limit);
            if (first != null) {
                int available = boundPosition(segment, bound, view.endOffset(i), limit) - first.position();
                int sizeBytes = Math.min(available, maxBytes);
                if (sizeBytes < first.header().sizeBytes()) {
                    sizeBytes = minOneBatch && available >= first.header().sizeBytes() ? first.header().sizeBytes() : 0;
                }
                return sizeBytes == 0 ? nothing(view)
                        : new ReadResult.Data(segment.file().slice(first.position(), sizeBytes), view.startOffset(),
                                view.endOffset());
            }
        }
        return nothing(view);
    }

    private static ReadResult nothing(View view) {
        return new ReadResult.Data(MemoryRecords.EMPTY, view.startOffset(), view.endOffset());
    }

    /** The position where batches that end before the bound end. */
    private static int boundPosition(LogSegment segment, long bound, long segmentEndOffset, int limit)
            throws IOException {
        if (bound >= segmentEndOffset) {
            return limit;
        }
        Located located = segment.locate(bound, limit);
        return located == null ? limit : located.position();
    }

    static Optional<TimestampedOffset> firstAtOrAfter(View view, long timestampMs, long upperBoundOffset,
            DecompressionBuffers buffers)
            throws IOException {
        for (int i = view.segments().floorIndex(view.startOffset()); i < view.segments().size(); i++) {
            LogSegment segment = view.segments().get(i);
            if (segment.maxTimestamp().timestampMs() >= timestampMs) {
                TimestampedOffset found = segment.findByTimestamp(timestampMs, view.startOffset(), view.limit(segment),
                        buffers);
                if (found != null) {
                    return Optional.of(found).filter(record -> record.offset() < upperBoundOffset);
                }
            }
        }
        return Optional.empty();
    }

    static Optional<TimestampedOffset> maxTimestamp(View view, long upperBoundOffset, DecompressionBuffers buffers)
            throws IOException {
        long bound = Math.min(upperBoundOffset, view.endOffset());
        TimestampedOffset greatest = null;
        for (int i = view.segments().floorIndex(view.startOffset()); i < view.segments().size(); i++) {
            LogSegment segment = view.segments().get(i);
            if (segment.baseOffset() >= bound) {
                break;
            }
            if (greatest == null || segment.maxTimestamp().timestampMs() > greatest.timestampMs()) {
                TimestampedOffset found = maxTimestamp(view, i, bound, buffers);
                greatest = found != null && (greatest == null || found.timestampMs() > greatest.timestampMs()) ? found
                        : greatest;
            }
        }
        return Optional.ofNullable(greatest);
    }

    private static @Nullable TimestampedOffset maxTimestamp(View view, int index, long bound,
            DecompressionBuffers buffers) throws IOException {
        LogSegment segment = view.segments().get(index);
        TimeIndex.MaxTimestamp max = segment.maxTimestamp();
        boolean whole = view.startOffset() <= segment.baseOffset() && bound >= view.endOffset(index);
        int from = 0;
        if (whole && max.lastOffset() >= segment.baseOffset()) {
            Located located = segment.locate(max.lastOffset(), view.limit(segment));
            from = located == null ? 0 : located.position();
        }
        RecordTimes records = new RecordTimes(segment.file(), buffers);
        Greatest greatest = new Greatest(view.startOffset(), bound);
        BatchCursor cursor = new BatchCursor(segment.file(), from, view.limit(segment), BatchHeader.SIZE_BYTES);
        while (cursor.advance() && cursor.header().baseOffset() < bound) {
            BatchHeader header = cursor.header();
            if (greatest.isBelow(header.maxTimestamp())) {
                greatest.leaderEpoch = header.leaderEpoch();
                records.visit(cursor.position(), header, greatest);
            }
            if (whole && !greatest.isBelow(max.timestampMs())) {
                break;
            }
        }
        return greatest.found;
    }

    /** Keeps the first of those with the greatest timestamp, within bounds. */
    private static final class Greatest implements RecordTimes.Visitor {
        private final long startOffset;
        private final long bound;
        private int leaderEpoch;
        private @Nullable TimestampedOffset found;

        Greatest(long startOffset, long bound) {
            this.startOffset = startOffset;
            this.bound = bound;
        }

        boolean isBelow(long timestampMs) {
            return found == null || timestampMs > found.timestampMs();
        }

        @Override
        public boolean visit(long offset, long timestampMs) {
            if (offset >= startOffset && offset < bound && isBelow(timestampMs)) {
                found = new TimestampedOffset(offset, timestampMs, leaderEpoch);
            }
            return offset < bound;
        }
    }
}
