package io.millrace.common.wire;

import java.util.EnumMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs why connections were closed: of each reason one in a minute, and with it how many were passed over before, so that a hostile peer
 * cannot fill the disk.
 */
final class CloseLog {
    private static final Logger log = LoggerFactory.getLogger(WireServer.class);
    private static final long PAUSE_NANOS = 60_000_000_000L;

    private final Map<CloseReason, Throttle> throttles = new EnumMap<>(CloseReason.class);

    CloseLog() {
        for (CloseReason reason : CloseReason.values()) {
            throttles.put(reason, new Throttle(PAUSE_NANOS));
        }
    }

    void closed(CloseReason reason, Object peer, String detail) {
        Throttle throttle = throttles.get(reason);
        if (!reason.logged() || throttle == null) {
            log.debug("connection from {} closed, {}: {}", peer, reason, detail);
            return;
        }
        long passedOver = throttle.take(System.nanoTime());
        if (passedOver > 0) {
            log.warn("connection from {} closed, {}: {} ({} more since the last line about it)", peer, reason, detail,
                    passedOver);
        } else if (passedOver == 0) {
            log.warn("connection from {} closed, {}: {}", peer, reason, detail);
        }
    }

    /** Lets one line through, and the next after a pause. */
    static final class Throttle {
        static final long PASS_OVER = -1;

        private final long pauseNanos;
        private boolean begun;
        private long lastNanos;
        private long passedOver;

        Throttle(long pauseNanos) {
            this.pauseNanos = pauseNanos;
        }

        /** @return how many were passed over since the last one that was not; {@link #PASS_OVER} for this one, too */
        synchronized long take(long nowNanos) {
            if (begun && nowNanos - lastNanos < pauseNanos) {
                passedOver++;
                return PASS_OVER;
            }
            long before = passedOver;
            begun = true;
            lastNanos = nowNanos;
            passedOver = 0;
            return before;
        }
    }
}
