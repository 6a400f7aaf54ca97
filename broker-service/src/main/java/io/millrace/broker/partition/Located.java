package io.millrace.broker.partition;

import io.millrace.common.metadata.PartitionImage;
import org.apache.kafka.common.protocol.Errors;

/** Where a partition is that a client asks for. */
public sealed interface Located {
    /** This broker has a replica of it. */
    record Here(Partition partition) implements Located {}

    /** It exists and is not here, or not open here yet. */
    record Elsewhere(PartitionImage image) implements Located {}

    /** It does not exist. */
    record Unknown(Errors error) implements Located {}
}
