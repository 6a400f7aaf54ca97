package io.millrace.coordinator.group.runtime;

import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.metadata.TopicImage;
import io.millrace.coordinator.group.Topic;
import io.millrace.coordinator.group.Topics;
import java.time.Duration;
import java.util.UUID;
import org.apache.kafka.common.Uuid;
import org.springframework.stereotype.Component;

/** The topics of the newest cluster image; the same object for as long as they do not change. */
@Component
public class TopicsFeed {
    private final ClusterImages images;
    private long version = ClusterImage.EMPTY.version();
    private volatile Topics topics = Topics.NONE;

    TopicsFeed(ClusterImages images) {
        this.images = images;
        images.subscribe((_, image) -> imageChanged(image));
    }

    public Topics current() {
        return topics;
    }

    /** Waits until {@link #current()} contains the given cluster version; false if it does not within the time. */
    boolean awaitVersion(long wanted, Duration timeout) {
        try {
            boolean there = images.awaitVersion(wanted, timeout);
            imageChanged(images.current());
            return there;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private synchronized void imageChanged(ClusterImage image) {
        if (image.version() <= version) {
            return;
        }
        version = image.version();
        Topics next = Topics.of(image.topicsByName().values().stream().map(TopicsFeed::topic).toList());
        if (!next.equals(topics)) {
            topics = next;
        }
    }

    private static Topic topic(TopicImage image) {
        return new Topic(javaId(image.id()), image.name(), image.partitions().size());
    }

    private static UUID javaId(Uuid id) {
        return new UUID(id.getMostSignificantBits(), id.getLeastSignificantBits());
    }
}
