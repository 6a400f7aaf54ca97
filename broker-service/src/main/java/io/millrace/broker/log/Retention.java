package io.millrace.broker.log;

import io.millrace.common.metadata.TopicConfig;
import java.util.List;

/** Which segments a log no longer keeps. */
final class Retention {
    private Retention() {}

    /** How many of the oldest segments may go: a prefix, so that the log stays gapless, and nothing at or above the high watermark. */
    static int deletable(List<LogSegment> segments, TopicConfig config, long logStartOffset, long highWatermark,
            long logEndOffset, long nowMs) {
        long excessBytes = config.delete() && config.retentionBytes() >= 0
                ? segments.stream().mapToLong(LogSegment::sizeBytes).sum() - config.retentionBytes()
                : -1;
        int count = 0;
        for (LogSegment segment : segments) {
            boolean last = count + 1 == segments.size();
            long endOffset = last ? logEndOffset : segments.get(count + 1).baseOffset();
            boolean expired = config.delete() && config.retentionMs() >= 0 && nowMs - segment.newestMs() > config
                    .retentionMs();
            boolean tooMuch = excessBytes >= segment.sizeBytes();
            boolean beforeStart = !last && endOffset <= logStartOffset;
            if (endOffset > highWatermark || last && segment.sizeBytes() == 0 || !expired && !tooMuch && !beforeStart) {
                return count;
            }
            excessBytes -= segment.sizeBytes();
            count++;
        }
        return count;
    }
}
