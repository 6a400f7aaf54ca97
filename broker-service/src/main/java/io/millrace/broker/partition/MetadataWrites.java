package io.millrace.broker.partition;

import io.millrace.common.partition.IsrChanges;
import io.millrace.common.partition.SeenLeaderEpochs;

/** What a broker writes of its partitions into the metadata. */
public record MetadataWrites(IsrChanges isr, SeenLeaderEpochs leaderEpochs) {}
