package io.millrace.gateway.topics;

import io.millrace.common.api.ClusterApi;
import io.millrace.common.api.ServiceClients;
import io.millrace.common.api.TopicsApi.AlterConfigs;
import io.millrace.common.api.TopicsApi.CreateTopic;
import io.millrace.common.api.TopicsApi.CreatedTopic;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.metadata.TopicImage;
import io.millrace.gateway.edge.GatewayProperties;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** Changes topics through the controller, and answers when the change is seen where the client's next call will look. */
@Component
public class TopicChanges {
    private final ServiceClients clients;
    private final ClusterImages images;
    private final TopicReadiness readiness;
    private final Duration longestWait;

    TopicChanges(ServiceClients clients, ClusterImages images, TopicReadiness readiness,
            GatewayProperties properties) {
        this.clients = clients;
        this.images = images;
        this.readiness = readiness;
        this.longestWait = properties.createWait();
    }

    /** @param image null where only validated, or this gateway has not seen it in time */
    public record Created(CreatedTopic topic, @Nullable TopicImage image) {}

    public Created create(CreateTopic topic) throws InterruptedException {
        var created = clients.topics().create(topic);
        return new Created(created, topic.validateOnly() ? null
                : readiness.awaitCreated(topic.name(), created.version(), longestWait));
    }

    public void alter(String topic, AlterConfigs changes) throws InterruptedException {
        images.awaitVersion(clients.topics().alter(topic, changes).version(), longestWait);
    }

    /** @param partitions in all, more than now */
    public void grow(String topic, int partitions) throws InterruptedException {
        var changed = clients.cluster().partitions(topic, ClusterApi.Partitions.placed(partitions));
        images.awaitVersion(changed.version(), longestWait);
    }

    public void delete(String topic) throws InterruptedException {
        images.awaitVersion(clients.topics().delete(topic).version(), longestWait);
    }
}
