package io.millrace.common.wire;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Logs why connections were closed: of each reason at most a few lines a second, so that a hostile peer cannot fill the disk. */
final class CloseLog {
    private static final Logger log = LoggerFactory.getLogger(WireServer.class);
    private static final int MAX_LINES_PER_SECOND = 5;

    private final AtomicLongArray seconds = new AtomicLongArray(CloseReason.values().length);
    private final AtomicInteger[] lines = new AtomicInteger[CloseReason.values().length];

    CloseLog() {
        for (int i = 0; i < lines.length; i++) {
            lines[i] = new AtomicInteger();
        }
    }

    void closed(CloseReason reason, Object peer, String detail) {
        if (!reason.logged()) {
            log.debug("connection from {} closed, {}: {}", peer, reason, detail);
            return;
        }
        long second = System.nanoTime() / 1_000_000_000L;
        AtomicInteger count = lines[reason.ordinal()];
        if (seconds.getAndSet(reason.ordinal(), second) != second) {
            int suppressed = count.getAndSet(0) - MAX_LINES_PER_SECOND;
            if (suppressed > 0) {
                log.warn("{} more connections were closed, {}", suppressed, reason);
            }
        }
        if (count.incrementAndGet() <= MAX_LINES_PER_SECOND) {
            log.warn("connection from {} closed, {}: {}", peer, reason, detail);
        }
    }
}
