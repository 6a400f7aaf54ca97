package io.millrace.gateway.brokers;

import io.millrace.common.wire.BrokerEndpoint;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * For each of several partitions, whether its leader is being asked and when it is to be asked again: at once when the partition has another
 * leader or leader epoch than it was asked under, though that one has not answered; after a back-off when it failed. Times are arguments.
 */
final class Attempts {
    private final RetryBackoff backoff;
    private final @Nullable Object[] underWay;
    private final @Nullable BrokerEndpoint[] leaders;
    private final int[] leaderEpochs;
    private final int[] failures;
    private final long[] dueNanos;

    Attempts(int count, RetryBackoff backoff, long nowNanos) {
        this.backoff = backoff;
        this.underWay = new Object[count];
        this.leaders = new BrokerEndpoint[count];
        this.leaderEpochs = new int[count];
        this.failures = new int[count];
        this.dueNanos = new long[count];
        Arrays.fill(dueNanos, nowNanos);
    }

    boolean isDue(int index, BrokerEndpoint leader, int leaderEpoch, long nowNanos) {
        boolean moved = leaderEpochs[index] != leaderEpoch || !leader.equals(leaders[index]);
        return moved || underWay[index] == null && nowNanos - dueNanos[index] >= 0;
    }

    /** @param call tells this question from those before, whose answers are not heard any more */
    void asked(int index, Object call, BrokerEndpoint leader, int leaderEpoch) {
        underWay[index] = call;
        leaders[index] = leader;
        leaderEpochs[index] = leaderEpoch;
    }

    /** There is nobody to ask until the image says so. What is under way may still be answered. */
    void leaderless(int index) {
        if (underWay[index] == null) {
            leaders[index] = null;
        }
    }

    /** @return whether it was the last question */
    boolean ends(int index, Object call) {
        if (underWay[index] != call) {
            return false;
        }
        underWay[index] = null;
        return true;
    }

    void answered(int index, long nowNanos) {
        failures[index] = 0;
        dueNanos[index] = nowNanos;
    }

    void failed(int index, long nowNanos) {
        failures[index]++;
        dueNanos[index] = nowNanos + backoff.nanos(failures[index]);
    }

    boolean isAnyUnderWay() {
        for (Object call : underWay) {
            if (call != null) {
                return true;
            }
        }
        return false;
    }

    /** When the next is to be asked, if before {@code latestNanos}. */
    long nextNanos(long latestNanos) {
        long next = latestNanos;
        for (int i = 0; i < dueNanos.length; i++) {
            if (underWay[i] == null && leaders[i] != null && dueNanos[i] - next < 0) {
                next = dueNanos[i];
            }
        }
        return next;
    }
}
