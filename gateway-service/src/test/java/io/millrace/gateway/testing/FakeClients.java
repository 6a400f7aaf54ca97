package io.millrace.gateway.testing;

import io.millrace.common.api.GroupsApi;
import io.millrace.common.api.InstancesApi;
import io.millrace.common.api.OffsetsApi;
import io.millrace.common.api.ProducerIdsApi;
import io.millrace.common.api.ServiceClients;
import io.millrace.common.api.TopicsApi;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.TopicImage;
import java.util.List;
import org.apache.kafka.common.Uuid;

/** A controller in memory: what it creates appears in the image and at the broker. The other services are away. */
public final class FakeClients implements ServiceClients, TopicsApi {
    private final FakeImages images;
    private final FakeBroker broker;
    private volatile boolean away;

    public FakeClients(FakeImages images, FakeBroker broker) {
        this.images = images;
        this.broker = broker;
    }

    /** Whether the controller answers. */
    public void away(boolean isAway) {
        away = isAway;
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
        Uuid id = Uuid.randomUuid();
        broker.host(topic.name(), id, partitions);
        images.topic(topic.name(), id, partitions, 0, topic.configs());
        return new CreatedTopic(id.toString(), partitions, 1, images.current().version());
    }

    @Override
    public DeletedTopic delete(String name) {
        TopicImage topic = images.current().topic(name);
        if (topic == null) {
            throw new RefusedException(ErrorCode.UNKNOWN_TOPIC, "there is no topic '" + name + "'");
        }
        images.remove(name);
        broker.drop(name);
        return new DeletedTopic(topic.id().toString(), images.current().version());
    }

    @Override
    public TopicsApi topics() {
        return this;
    }

    @Override
    public ProducerIdsApi producerIds() {
        throw unavailable();
    }

    @Override
    public InstancesApi instances(String group) {
        throw unavailable();
    }

    @Override
    public GroupsApi groups(String group) {
        throw unavailable();
    }

    @Override
    public List<GroupsApi> allGroups() {
        throw unavailable();
    }

    @Override
    public OffsetsApi offsets() {
        throw unavailable();
    }

    private static RefusedException unavailable() {
        return new RefusedException(ErrorCode.UNAVAILABLE, "the service is away; try again");
    }
}
