package io.millrace.gateway.testing;

import io.millrace.common.api.TopicsApi;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.ConfigChange;
import io.millrace.common.metadata.TopicImage;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;

/** A controller in memory: what it creates appears in the image, led by broker 0. */
public final class FakeController implements TopicsApi {
    private final FakeImages images;
    private volatile boolean away;
    private volatile @Nullable List<List<Integer>> assigned;

    FakeController(FakeImages images) {
        this.images = images;
    }

    /** Whether the controller answers. */
    public void away(boolean isAway) {
        away = isAway;
    }

    /** The brokers that the last topic was to have, partition by partition; null if none were named. */
    public @Nullable List<List<Integer>> assigned() {
        return assigned;
    }

    @Override
    public CreatedTopic create(CreateTopic topic) {
        if (away) {
            throw new RefusedException(ErrorCode.UNAVAILABLE, "there is no controller at the moment; try again");
        }
        if (!topic.name().matches("[a-zA-Z0-9._-]{1,249}")) {
            throw new RefusedException(ErrorCode.INVALID_TOPIC_NAME, "topic_name: '" + topic.name()
                    + "' is not allowed");
        }
        if (images.current().topic(topic.name()) != null) {
            throw new RefusedException(ErrorCode.TOPIC_EXISTS, "topic '" + topic.name() + "' exists");
        }
        int partitions = topic.partitions() == null ? 1 : topic.partitions();
        if (partitions < 1) {
            throw new RefusedException(ErrorCode.INVALID_PARTITIONS, "partitions_count: must be at least 1");
        }
        if (topic.validateOnly()) {
            return new CreatedTopic(Uuid.ZERO_UUID.toString(), partitions, 1, -1);
        }
        assigned = topic.assignments();
        Uuid id = Uuid.randomUuid();
        images.topic(topic.name(), id, partitions, 0, topic.configs() == null ? Map.of() : topic.configs());
        return new CreatedTopic(id.toString(), partitions, 1, images.current().version());
    }

    @Override
    public DeletedTopic delete(String name) {
        TopicImage topic = images.current().topic(name);
        if (topic == null) {
            throw new RefusedException(ErrorCode.UNKNOWN_TOPIC, "there is no topic '" + name + "'");
        }
        images.remove(name);
        return new DeletedTopic(topic.id().toString(), name, images.current().version());
    }

    @Override
    public DeletedTopic deleteById(String id) {
        TopicImage topic = images.current().topic(Uuid.fromString(id));
        if (topic == null) {
            throw new RefusedException(ErrorCode.UNKNOWN_TOPIC_ID, "there is no topic with the id " + id);
        }
        return delete(topic.name());
    }

    @Override
    public AlteredTopic alter(String name, AlterConfigs request) {
        TopicImage topic = images.current().topic(name);
        if (topic == null) {
            throw new RefusedException(ErrorCode.UNKNOWN_TOPIC, "there is no topic '" + name + "'");
        }
        Map<String, String> configs = ConfigChange.apply(request.replace() ? Map.of() : topic.configs(), request
                .changes());
        if (request.validateOnly()) {
            return new AlteredTopic(-1);
        }
        images.configure(name, configs);
        return new AlteredTopic(images.current().version());
    }
}
