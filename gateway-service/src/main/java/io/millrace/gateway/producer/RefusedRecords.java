package io.millrace.gateway.producer;

import io.millrace.common.error.ErrorCode;
import java.util.concurrent.atomic.LongAdder;

/** Counts records that were refused, by the reason. */
final class RefusedRecords {
    private final LongAdder[] counts = new LongAdder[ErrorCode.values().length];

    RefusedRecords() {
        for (int i = 0; i < counts.length; i++) {
            counts[i] = new LongAdder();
        }
    }

    void add(ErrorCode error, int records) {
        counts[error.ordinal()].add(records);
    }

    long count(ErrorCode error) {
        return counts[error.ordinal()].sum();
    }
}
