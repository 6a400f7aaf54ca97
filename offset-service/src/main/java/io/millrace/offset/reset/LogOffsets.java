package io.millrace.offset.reset;

import io.millrace.common.api.TopicPartition;
import java.util.Collection;
import java.util.Map;

/** What the leaders say about their logs. */
interface LogOffsets {
    long EARLIEST = -2;
    long LATEST = -1;
    /** No record is as young as asked for. */
    long NONE = -1;

    /**
     * @param timestampMs {@link #EARLIEST}, {@link #LATEST} or a time
     * @return an offset, or {@link #NONE}, for each partition
     * @throws io.millrace.common.error.RefusedException {@code LEADER_UNAVAILABLE} or {@code TIMED_OUT} when a leader does not answer
     */
    Map<TopicPartition, Long> at(long timestampMs, Collection<TopicPartition> partitions);
}
