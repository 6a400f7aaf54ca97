package io.millrace.common.lease;

/**
 * One lease as its holder, or a candidate for it, sees it. PostgreSQL gives a lease for {@code ttl} from when it carries out the request;
 * the holder counts from before it sent that request, and stops a margin earlier. So while the clocks' rates differ by less than the
 * margin per {@code ttl}, its trust ends before PostgreSQL gives the lease to another.
 *
 * <pre>
 *              granted in time
 *  Candidate ------------------> Held --+ renewed in time: trusted for longer
 *      ^                          |  ^__|
 *      |   trust has run out, or  |
 *      |   the epoch is another's |
 *      +--------------------------+
 * </pre>
 *
 * All times are of the process' monotonic clock, which may overflow: they are compared by difference.
 */
sealed interface LeaseState {

    /** Not held. */
    record Candidate() implements LeaseState {
        /** A grant that took so long that the trust in it has run out already is worth nothing: it is left to be asked for again. */
        LeaseState granted(LeaseTiming timing, long epoch, long sentNanos, long nowNanos) {
            var held = new Held(epoch, timing.trustedUntilNanos(sentNanos));
            return held.isTrusted(nowNanos) ? held : this;
        }
    }

    /** Held under an epoch, which is another for each holder. */
    record Held(long epoch, long trustedUntilNanos) implements LeaseState {
        boolean isTrusted(long nowNanos) {
            return nowNanos - trustedUntilNanos < 0;
        }

        /** A reply that comes after the trust has run out does not revive it: others may have acted on its end meanwhile. */
        LeaseState renewed(LeaseTiming timing, long sentNanos, long nowNanos) {
            if (!isTrusted(nowNanos)) {
                return new Candidate();
            }
            long untilNanos = timing.trustedUntilNanos(sentNanos);
            return untilNanos - trustedUntilNanos > 0 ? new Held(epoch, untilNanos) : this;
        }

        /** PostgreSQL has not, or no longer, this holder under this epoch. */
        LeaseState refused() {
            return new Candidate();
        }

        /** Nothing was heard of a renewal. */
        LeaseState unanswered(long nowNanos) {
            return isTrusted(nowNanos) ? this : new Candidate();
        }
    }
}
