package io.millrace.gateway.topics;

import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.metadata.TopicImage;
import io.millrace.gateway.brokers.Brokers;
import io.millrace.gateway.brokers.OffsetQuery;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** Waits until a new topic is seen where the client's next call will look: in this gateway's image, and at the leaders. */
@Component
class TopicReadiness {
    private final ClusterImages images;
    private final Brokers brokers;

    TopicReadiness(ClusterImages images, Brokers brokers) {
        this.images = images;
        this.brokers = brokers;
    }

    /** Waits for the image, then for leaders, then until these answer for their partitions; gives up in silence when the time is over. */
    @Nullable
    TopicImage awaitCreated(String name, long version, Duration timeout) throws InterruptedException {
        long deadline = System.nanoTime() + timeout.toNanos();
        while (true) {
            Duration left = Duration.ofNanos(deadline - System.nanoTime());
            if (left.isNegative() || !images.awaitVersion(version, left)) {
                return images.current().topic(name);
            }
            ClusterImage image = images.current();
            TopicImage topic = image.topic(name);
            if (topic == null) {
                return null;
            }
            if (topic.partitions().stream().allMatch(partition -> image.leader(partition) != null)) {
                return leadersAnswer(topic) ? topic : images.current().topic(name);
            }
            images.awaitVersion(image.version() + 1, left);
        }
    }

    private boolean leadersAnswer(TopicImage topic) throws InterruptedException {
        List<OffsetQuery> queries = topic.partitions().stream()
                .map(PartitionImage::index)
                .map(index -> new OffsetQuery(topic.name(), index, OffsetQuery.LATEST))
                .toList();
        try {
            brokers.offsets(queries);
            return true;
        } catch (RefusedException _) {
            // The topic exists; a client that uses it now is told what is wrong.
            return false;
        }
    }
}
