package io.millrace.coordinator.instance;

import io.millrace.common.api.InstancesApi.Settings;
import io.millrace.common.api.TopicPartition;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is stored of an HTTP consumer. It is subscribed (by topics or by pattern), or reads partitions assigned by hand, or
 * neither; never both.
 */
record InstanceRow(String groupId, String instanceId, Settings settings, List<String> topics, @Nullable String pattern,
        List<TopicPartition> byHand) {
    InstanceRow {
        topics = List.copyOf(topics);
        byHand = List.copyOf(byHand);
    }

    boolean isSubscribed() {
        return !topics.isEmpty() || pattern != null;
    }

    InstanceRow subscribed(List<String> toTopics, @Nullable String toPattern) {
        return new InstanceRow(groupId, instanceId, settings, toTopics, toPattern, List.of());
    }

    InstanceRow assigned(List<TopicPartition> partitions) {
        return new InstanceRow(groupId, instanceId, settings, List.of(), null, partitions);
    }
}
