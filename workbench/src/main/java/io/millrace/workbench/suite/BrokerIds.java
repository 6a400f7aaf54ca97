package io.millrace.workbench.suite;

import java.util.Collection;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.IntStream;

/** Which ids the brokers of a suite have: those that have data here, wherever one between them was removed. */
final class BrokerIds {
    private BrokerIds() {}

    /** So many ids: the lowest of those that have data, and when they are too few, new ones. */
    static SortedSet<Integer> pick(SortedSet<Integer> withData, int count) {
        SortedSet<Integer> picked = new TreeSet<>();
        withData.stream().limit(count).forEach(picked::add);
        while (picked.size() < count) {
            picked.add(next(picked));
        }
        if (picked.last() >= SuiteSize.MAX_BROKERS) {
            throw new LaunchRefusedException("broker " + picked.last() + " has data here, and ids go up to "
                    + (SuiteSize.MAX_BROKERS - 1));
        }
        return picked;
    }

    /** The first id above all that are taken, since one below may be of a broker that is gone; below them only when there is none above. */
    static int next(Collection<Integer> taken) {
        int above = 1 + taken.stream().mapToInt(Integer::intValue).max().orElse(-1);
        if (above < SuiteSize.MAX_BROKERS) {
            return above;
        }
        return IntStream.range(0, SuiteSize.MAX_BROKERS).filter(id -> !taken.contains(id)).findFirst()
                .orElseThrow(() -> new LaunchRefusedException("a suite has at most " + SuiteSize.MAX_BROKERS
                        + " brokers"));
    }
}
