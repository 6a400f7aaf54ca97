package io.millrace.coordinator.group.runtime;

import java.util.UUID;

import org.apache.kafka.common.Uuid;
import org.springframework.stereotype.Component;

import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.metadata.TopicImage;
import io.millrace.coordinator.group.Topic;
import io.millrace.coordinator.group.Topics;

/** The topics of the newest cluster image; the same object for as long as they do not change. */
@Component
public class TopicsFeed {
    private volatile Topics topics = Topics.NONE;

    TopicsFeed(ClusterImages images) {
        images.subscribe((_, image) -> imageChanged(image));
    }

    public Topics current() {
        return topics;
    }

    private void imageChanged(ClusterImage image) {
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
