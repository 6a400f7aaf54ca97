package io.millrace.gateway.brokers;

import io.millrace.common.autocreate.AutoCreation;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.metadata.TopicImage;
import java.time.Duration;
import org.springframework.stereotype.Component;

/** Looks topics and partitions up in the cluster image, or refuses as a client of HTTP expects it. */
@Component
public final class Topics {
    private static final int LONGEST_SHOWN_NAME = 249;

    private final ClusterImages images;
    private final AutoCreation autoCreation;
    private final Duration grace;

    public Topics(ClusterImages images, AutoCreation autoCreation, BrokersProperties properties) {
        this.images = images;
        this.autoCreation = autoCreation;
        this.grace = properties.unknownTopicGrace();
    }

    public ClusterImage image() {
        return images.current();
    }

    /** Refused with {@code UNKNOWN_TOPIC}, after a moment's wait for a topic just created elsewhere. */
    public TopicImage require(String name) {
        TopicImage topic = images.current().topic(name);
        return topic != null ? topic : awaitTopic(name);
    }

    /**
     * Of a topic that records are for: one that there is not is created first, where the cluster is set to do so. Refused as
     * {@link #require(String)} or {@link AutoCreation#create} is.
     */
    public TopicImage requireOrCreate(String name) {
        TopicImage topic = images.current().topic(name);
        if (topic != null) {
            return topic;
        }
        if (!autoCreation.isEnabled()) {
            return awaitTopic(name);
        }
        try {
            return autoCreation.create(name);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            throw new RefusedException(ErrorCode.UNAVAILABLE, "the gateway is shutting down; try again");
        }
    }

    /** Refused with {@code UNKNOWN_TOPIC} or {@code UNKNOWN_PARTITION}. */
    public PartitionImage require(String name, int partition) {
        TopicImage topic = require(name);
        PartitionImage found = topic.partition(partition);
        if (found == null) {
            throw unknownPartition(topic, partition);
        }
        return found;
    }

    public static RefusedException unknownPartition(TopicImage topic, int partition) {
        return new RefusedException(ErrorCode.UNKNOWN_PARTITION, "topic '" + topic.name() + "' has partitions 0 to "
                + (topic.partitions().size() - 1) + ", not " + partition);
    }

    public static RefusedException unknownTopic(String name) {
        String shown = name.length() > LONGEST_SHOWN_NAME ? name.substring(0, LONGEST_SHOWN_NAME) + "…" : name;
        return new RefusedException(ErrorCode.UNKNOWN_TOPIC, "there is no topic '" + shown
                + "'; POST /admin/topics creates one");
    }

    private TopicImage awaitTopic(String name) {
        long deadlineNanos = System.nanoTime() + grace.toNanos();
        try {
            while (true) {
                ClusterImage image = images.current();
                TopicImage topic = image.topic(name);
                if (topic != null) {
                    return topic;
                }
                Duration left = Duration.ofNanos(deadlineNanos - System.nanoTime());
                if (left.isNegative() || !images.awaitVersion(image.version() + 1, left)) {
                    throw unknownTopic(name);
                }
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            throw unknownTopic(name);
        }
    }
}
