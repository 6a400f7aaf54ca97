package io.millrace.common.incarnation;

import java.util.Comparator;
import org.apache.kafka.common.Uuid;

/**
 * What the log of a replica has.
 *
 * @param lastEpoch the last leader epoch in it, -1 when there is none
 * @param logEnd    the offset after its last record
 */
public record LogReport(Uuid topicId, int index, int lastEpoch, long logEnd) {
    /** Of two logs without a loss, the greater one has all that was acknowledged to which the smaller one belonged in sync. */
    static final Comparator<LogReport> BY_LOG = Comparator.comparingInt(LogReport::lastEpoch).thenComparingLong(
            LogReport::logEnd);
}
