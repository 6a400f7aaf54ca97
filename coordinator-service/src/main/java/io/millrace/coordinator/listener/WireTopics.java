package io.millrace.coordinator.listener;

import io.millrace.coordinator.group.Topic;
import io.millrace.coordinator.group.Topics;
import java.util.UUID;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/** Finds topics as requests name them: by id in newer versions, by name in older ones. */
record WireTopics(Topics topics, boolean byId) {
    /** Null where there is none, which is {@link #unknown()} to the client. */
    @Nullable
    Topic find(@Nullable String name, Uuid id) {
        if (byId) {
            return topics.withId(new UUID(id.getMostSignificantBits(), id.getLeastSignificantBits()));
        }
        return name == null ? null : topics.named(name);
    }

    Errors unknown() {
        return byId ? Errors.UNKNOWN_TOPIC_ID : Errors.UNKNOWN_TOPIC_OR_PARTITION;
    }

    static Uuid id(Topic topic) {
        return new Uuid(topic.id().getMostSignificantBits(), topic.id().getLeastSignificantBits());
    }

    static boolean has(Topic topic, int partition) {
        return partition >= 0 && partition < topic.partitionCount();
    }
}
