package io.millrace.broker.log;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The segments of a log in offset order; immutable, so that readers hold one while the writer publishes the next. Never empty. */
final class LogSegments {
    private final LogSegment[] sorted;

    LogSegments(List<LogSegment> segments) {
        if (segments.isEmpty()) {
            throw new IllegalArgumentException("a log has at least one segment");
        }
        this.sorted = segments.toArray(LogSegment[]::new);
    }

    List<LogSegment> all() {
        return Arrays.asList(sorted);
    }

    LogSegment first() {
        return sorted[0];
    }

    LogSegment last() {
        return sorted[sorted.length - 1];
    }

    int size() {
        return sorted.length;
    }

    /** The index of the segment that an offset belongs to: the last one that begins at or before it, else the first. */
    int floorIndex(long offset) {
        int low = 0;
        int high = sorted.length - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            if (sorted[middle].baseOffset() <= offset) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return Math.max(high, 0);
    }

    LogSegment get(int index) {
        return sorted[index];
    }

    @Nullable
    LogSegment after(int index) {
        return index + 1 < sorted.length ? sorted[index + 1] : null;
    }

    LogSegments with(LogSegment next) {
        LogSegment[] more = Arrays.copyOf(sorted, sorted.length + 1);
        more[sorted.length] = next;
        return new LogSegments(Arrays.asList(more));
    }

    LogSegments withoutFirst(int count) {
        return new LogSegments(Arrays.asList(sorted).subList(count, sorted.length));
    }

    LogSegments keepFirst(int count) {
        return new LogSegments(Arrays.asList(sorted).subList(0, count));
    }
}
