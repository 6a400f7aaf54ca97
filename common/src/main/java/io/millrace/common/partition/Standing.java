package io.millrace.common.partition;

import io.millrace.common.metadata.BrokerImage;

/**
 * What counts of a broker when it is asked what it may be to a partition.
 *
 * @param epoch    of its present registration
 * @param fenced   not running, or not ready
 * @param leaving  about to end
 * @param tailLost registered with logs that may lack what was acknowledged
 */
public record Standing(int brokerId, long epoch, boolean fenced, boolean leaving, boolean tailLost) {
    public static Standing of(BrokerImage broker) {
        return new Standing(broker.id(), broker.epoch(), broker.fenced(), broker.leaving(), broker.tailLost());
    }

    /** It can serve now, for as long as it is here. */
    boolean isLive() {
        return !fenced && !tailLost;
    }

    boolean mayJoinIsr() {
        return isLive() && !leaving;
    }
}
