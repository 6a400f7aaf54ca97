package io.millrace.common.incarnation;

import java.util.List;

/** How a broker tells what its logs have. */
@FunctionalInterface
public interface LogReports {
    /**
     * Tells it of logs of which nothing was lost, after this broker has given up all leading and following of earlier incarnations.
     *
     * @param brokerEpoch of the broker that tells
     * @return false, and nothing is told, where the metadata knows the broker under another epoch or is of another incarnation
     */
    boolean report(int brokerId, long brokerEpoch, int incarnation, List<LogReport> reports);
}
