package io.millrace.workbench.failover;

import java.util.Arrays;

/** When the writes of one partition by one door were acknowledged, in the order in which they were. Not thread-safe. */
final class AckTimes {
    private static final int FIRST_CAPACITY = 4_096;

    private long[] nanos = new long[FIRST_CAPACITY];
    private int count;

    void add(long atNanos) {
        if (count == nanos.length) {
            nanos = Arrays.copyOf(nanos, count * 2);
        }
        nanos[count++] = atNanos;
    }

    /** Whether anything was acknowledged at this time or later. */
    boolean hasAnySince(long sinceNanos) {
        return count > 0 && nanos[count - 1] - sinceNanos >= 0;
    }

    /** A time without an acknowledgement. */
    record Gap(long beginNanos, long lengthNanos) implements Comparable<Gap> {
        private static Gap between(long fromNanos, long toNanos) {
            return new Gap(fromNanos, toNanos - fromNanos);
        }

        private Gap orLonger(Gap other) {
            return other.compareTo(this) > 0 ? other : this;
        }

        @Override
        public int compareTo(Gap other) {
            return Long.compare(lengthNanos, other.lengthNanos);
        }
    }

    /**
     * The longest time without an acknowledgement that reaches into a window. It counts whole; one that has not
     * ended yet counts up to the window's end.
     */
    Gap longestGap(long fromNanos, long toNanos) {
        long before = fromNanos; // when nothing came before the window
        Gap longest = Gap.between(fromNanos, fromNanos);
        for (int ack = 0; ack < count && before - toNanos < 0; ack++) {
            if (nanos[ack] - fromNanos > 0) {
                longest = longest.orLonger(Gap.between(before, nanos[ack]));
            }
            before = nanos[ack];
        }
        return before - toNanos < 0 ? longest.orLonger(Gap.between(before, toNanos)) : longest;
    }
}
