package io.millrace.common.metadata;

import java.util.List;
import java.util.Map;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;

/**
 * A topic and its partitions.
 *
 * @param id         never reused, so that a topic deleted and created again is another topic
 * @param configs    only what was set on this topic, by Kafka's names
 * @param partitions in order of their index, without gaps
 */
public record TopicImage(Uuid id, String name, Map<String, String> configs, List<PartitionImage> partitions) {
    public TopicImage {
        configs = Map.copyOf(configs);
        partitions = List.copyOf(partitions);
    }

    public @Nullable PartitionImage partition(int index) {
        return index >= 0 && index < partitions.size() ? partitions.get(index) : null;
    }
}
