package io.millrace.common.incarnation;

import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.partition.Terms;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Who leads a partition of which PostgreSQL has lost who was in sync. What was acknowledged is on {@code min.insync.replicas} of the
 * replicas at least; so of as many reports as leave fewer than that out, one is of a log that has all of it, and so has the greatest of
 * them (docs/spec, R17).
 */
public final class RecoveryElection {
    private RecoveryElection() {}

    /** How many replicas must have reported. */
    public static int quorum(PartitionImage row, Terms terms) {
        return row.replicas().size() - terms.effectiveMinIsr(row) + 1;
    }

    /**
     * The row with its new leader, or the same row while nobody can be elected.
     *
     * @param reports by broker, of the incarnation that the row's leader epoch is of
     * @param live    brokers that can lead now
     */
    public static PartitionImage elect(PartitionImage row, Map<Integer, LogReport> reports, IntPredicate live,
            Terms terms) {
        if (!row.recovering() || row.leader() != PartitionImage.NO_LEADER) {
            return row;
        }
        var leader = winner(row, reports, live, quorum(row, terms));
        if (leader == null) {
            return row;
        }
        boolean recovering = terms.effectiveMinIsr(row) > 1;
        return new PartitionImage(row.index(), row.replicas(), List.of(leader), leader, row.leaderEpoch() + 1, row
                .partitionEpoch() + 1, List.of(), leader, row.adding(), row.removing(), recovering);
    }

    /** The greatest that is live, if with those that are not greater it makes a quorum; the last leader among equals. */
    private static @Nullable Integer winner(PartitionImage row, Map<Integer, LogReport> reports, IntPredicate live,
            int quorum) {
        var reported = row.replicas().stream().filter(reports::containsKey).toList();
        return reported.stream()
                .filter(live::test)
                .filter(id -> reported.stream().filter(other -> LogReport.BY_LOG.compare(reports.get(other), reports
                        .get(id)) <= 0).count() >= quorum)
                .max(Comparator.<Integer, LogReport>comparing(reports::get, LogReport.BY_LOG)
                        .thenComparing(id -> id == row.lastLeader())
                        .thenComparing(id -> -row.replicas().indexOf(id)))
                .orElse(null);
    }
}
