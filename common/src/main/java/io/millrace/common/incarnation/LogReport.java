package io.millrace.common.incarnation;

import java.util.Comparator;
import org.apache.kafka.common.Uuid;

/**
 * What the log of a replica has.
 *
 * @param joinedEpoch the highest leader epoch of which it had all with which the epoch began at its leader; -1 when there is none
 * @param logEnd      the offset after its last record
 */
public record LogReport(Uuid topicId, int index, int joinedEpoch, long logEnd) {
    /** Of two logs without a loss, the greater one has all that was acknowledged while the smaller one was in sync (docs/spec, R19). */
    static final Comparator<LogReport> BY_LOG = Comparator.comparingInt(LogReport::joinedEpoch).thenComparingLong(
            LogReport::logEnd);
}
