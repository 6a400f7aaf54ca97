package io.millrace.gateway.cluster;

import io.millrace.common.api.ClusterApi.UnderWay;
import io.millrace.common.api.TopicPartition;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.metadata.TopicImage;
import io.millrace.gateway.brokers.ReplicaSizes;
import io.millrace.gateway.brokers.ReplicaSizes.Replica;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** How much of partitions in motion is still to be copied: what their leaders have, and new replicas have not. */
@Component
class BytesLeft {
    private final ClusterImages images;
    private final ReplicaSizes sizes;

    BytesLeft(ClusterImages images, ReplicaSizes sizes) {
        this.images = images;
        this.sizes = sizes;
    }

    /** By partition; those that wait, and those of which a broker did not tell, are missing. */
    Map<TopicPartition, Long> of(List<UnderWay> partitions) {
        var wanted = new ArrayList<Replica>();
        for (var each : partitions) {
            var leader = leader(each);
            if (each.started() && leader != null) {
                wanted.add(leader);
                copying(each).forEach(wanted::add);
            }
        }
        var found = sizes.of(wanted);
        var left = new HashMap<TopicPartition, Long>();
        for (var each : partitions) {
            var leader = leader(each);
            if (each.started() && leader != null && found.get(leader) instanceof Long whole && copying(each).stream()
                    .allMatch(found::containsKey)) {
                left.put(partition(each), copying(each).stream().mapToLong(replica -> Math.max(0, whole - found.get(
                        replica))).sum());
            }
        }
        return left;
    }

    private @Nullable Replica leader(UnderWay underWay) {
        TopicImage topic = images.current().topic(underWay.topic());
        PartitionImage image = topic == null ? null : topic.partition(underWay.partition());
        return image == null || image.leader() == PartitionImage.NO_LEADER ? null
                : new Replica(image.leader(), partition(underWay));
    }

    private static List<Replica> copying(UnderWay underWay) {
        return underWay.adding().stream().filter(id -> !underWay.caughtUp().contains(id))
                .map(id -> new Replica(id, partition(underWay))).toList();
    }

    private static TopicPartition partition(UnderWay underWay) {
        return new TopicPartition(underWay.topic(), underWay.partition());
    }
}
