package io.millrace.common.lease;

import java.time.Duration;

/**
 * @param ttl           how long a lease runs from a renewal, by PostgreSQL's clock
 * @param renewInterval from one renewal to the next
 * @param margin        how much earlier than PostgreSQL its holder considers a lease ended: what the two clocks may differ in rate over one
 *                      {@code ttl}, and PostgreSQL's may jump ahead
 */
public record LeaseTiming(Duration ttl, Duration renewInterval, Duration margin) {
    public LeaseTiming {
        if (renewInterval.isNegative() || renewInterval.isZero() || ttl.compareTo(renewInterval.multipliedBy(3)) < 0) {
            throw new IllegalArgumentException(
                    "a lease must last for three renewals, or one lost renewal loses it: ttl " + ttl
                            + ", renewInterval " + renewInterval);
        }
        if (margin.isNegative() || margin.multipliedBy(2).compareTo(ttl) > 0) {
            throw new IllegalArgumentException("margin " + margin + " must be within half of ttl " + ttl);
        }
    }

    /** Of one renewal with all that belongs to it, so that two can fail and a third still be in time. */
    Duration statementTimeout() {
        return ttl.dividedBy(3).minusMillis(1);
    }

    /** Until when a holder trusts a lease that it asked for at {@code sentNanos}, read from the monotonic clock before it asked. */
    long trustedUntilNanos(long sentNanos) {
        return sentNanos + ttl.minus(margin).toNanos();
    }
}
