package io.millrace.broker.storage;

import io.millrace.broker.log.LogOpening;
import java.util.Map;

/** What the checkpoints know, by {@code topic-partition}. */
record LogOpenings(boolean clean, Map<String, Long> recoveryPoints, Map<String, Long> highWatermarks,
        Map<String, Long> logStarts) {

    LogOpening of(PartitionFolder folder) {
        String name = folder.topic() + "-" + folder.partition();
        return new LogOpening(clean, recoveryPoints.getOrDefault(name, 0L), logStarts.getOrDefault(name, 0L),
                highWatermarks.getOrDefault(name, 0L));
    }
}
