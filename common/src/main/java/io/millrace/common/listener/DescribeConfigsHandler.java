package io.millrace.common.listener;

import io.millrace.common.metadata.BrokerImage;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.metadata.ConfigView;
import io.millrace.common.metadata.TopicConfigKey;
import io.millrace.common.metadata.TopicImage;
import io.millrace.common.wire.InboundRequest;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.message.DescribeConfigsRequestData;
import org.apache.kafka.common.message.DescribeConfigsRequestData.DescribeConfigsResource;
import org.apache.kafka.common.message.DescribeConfigsResponseData;
import org.apache.kafka.common.message.DescribeConfigsResponseData.DescribeConfigsResourceResult;
import org.apache.kafka.common.message.DescribeConfigsResponseData.DescribeConfigsResult;
import org.apache.kafka.common.message.DescribeConfigsResponseData.DescribeConfigsSynonym;
import org.apache.kafka.common.message.ListConfigResourcesResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.DescribeConfigsRequest;
import org.apache.kafka.common.requests.DescribeConfigsResponse;
import org.apache.kafka.common.requests.ListConfigResourcesRequest;
import org.apache.kafka.common.requests.ListConfigResourcesResponse;
import org.jspecify.annotations.Nullable;

/** Tells the settings of topics, as the image has them, and those that this broker was started with. */
public final class DescribeConfigsHandler {
    private static final Set<Byte> LISTABLE = Set.of(ConfigResource.Type.TOPIC.id(), ConfigResource.Type.BROKER.id(),
            ConfigResource.Type.BROKER_LOGGER.id(), ConfigResource.Type.CLIENT_METRICS.id(), ConfigResource.Type.GROUP
                    .id());

    private final ClusterImages images;
    private final NodeConfigs node;

    public DescribeConfigsHandler(ClusterImages images, NodeConfigs node) {
        this.images = images;
        this.node = node;
    }

    public void handleDescribe(InboundRequest request) {
        DescribeConfigsRequestData wanted = ((DescribeConfigsRequest) request.body()).data();
        ClusterImage image = images.current();
        DescribeConfigsResponseData response = new DescribeConfigsResponseData();
        // Each once: or a request of some megabytes that names one topic over and over would be answered with gigabytes.
        Set<ConfigResource> told = new HashSet<>();
        for (DescribeConfigsResource resource : wanted.resources()) {
            if (told.add(new ConfigResource(ConfigResource.Type.forId(resource.resourceType()), resource
                    .resourceName()))) {
                response.results().add(describe(image, resource, wanted));
            }
        }
        request.respond(new DescribeConfigsResponse(response));
    }

    private DescribeConfigsResult describe(ClusterImage image, DescribeConfigsResource resource,
            DescribeConfigsRequestData wanted) {
        DescribeConfigsResult result = new DescribeConfigsResult().setResourceType(resource.resourceType())
                .setResourceName(resource.resourceName());
        return switch (ConfigResource.Type.forId(resource.resourceType())) {
            case TOPIC -> {
                TopicImage topic = image.topic(resource.resourceName());
                yield topic != null
                        ? told(result, Arrays.stream(TopicConfigKey.values()).map(key -> key.view(topic.configs())),
                                resource, wanted)
                        : refused(result, Topic.isValid(resource.resourceName()) ? Errors.UNKNOWN_TOPIC_OR_PARTITION
                                : Errors.INVALID_TOPIC_EXCEPTION, null);
            }
            case BROKER -> {
                if (resource.resourceName().isEmpty()) {
                    yield told(result, topicDefaults(), resource, wanted);
                }
                yield node.nodeId() != NodeConfigs.NO_BROKER && resource.resourceName().equals(Integer.toString(node
                        .nodeId()))
                                ? told(result, Stream.concat(node.views(), topicDefaults()), resource, wanted)
                                : refused(result, Errors.INVALID_REQUEST, notThisBroker(resource.resourceName()));
            }
            case BROKER_LOGGER, CLIENT_METRICS, GROUP, UNKNOWN -> refused(result, Errors.INVALID_REQUEST,
                    "only topics and brokers have settings here, not resources of type " + resource.resourceType());
        };
    }

    private String notThisBroker(String name) {
        return node.nodeId() == NodeConfigs.NO_BROKER
                ? "this node is a coordinator, and broker '" + name + "' tells its own settings"
                : "this is broker " + node.nodeId() + ", and broker '" + name + "' tells its own settings";
    }

    private static Stream<ConfigView> topicDefaults() {
        return Arrays.stream(TopicConfigKey.values()).map(TopicConfigKey::brokerView);
    }

    private static DescribeConfigsResult told(DescribeConfigsResult result, Stream<ConfigView> views,
            DescribeConfigsResource resource, DescribeConfigsRequestData wanted) {
        // None named are all, as in Kafka, whether there is no list or one of nothing.
        List<String> keys = resource.configurationKeys();
        Set<String> named = keys == null ? Set.of() : Set.copyOf(keys);
        views.filter(view -> named.isEmpty() || named.contains(view.name())).forEach(view -> result.configs().add(wired(
                view, wanted)));
        return result;
    }

    private static DescribeConfigsResourceResult wired(ConfigView view, DescribeConfigsRequestData wanted) {
        DescribeConfigsResourceResult told = new DescribeConfigsResourceResult().setName(view.name()).setValue(view
                .value()).setReadOnly(view.readOnly()).setIsSensitive(false).setConfigSource(view.source().id())
                .setConfigType(view.type().id());
        if (wanted.includeSynonyms()) {
            view.synonyms().forEach(synonym -> told.synonyms().add(new DescribeConfigsSynonym().setName(synonym.name())
                    .setValue(synonym.value()).setSource(synonym.source().id())));
        }
        return wanted.includeDocumentation() ? told.setDocumentation(view.documentation()) : told;
    }

    private static DescribeConfigsResult refused(DescribeConfigsResult result, Errors error,
            @Nullable String message) {
        return result.setErrorCode(error.code()).setErrorMessage(message == null ? error.message() : message);
    }

    /** Version 0 asks for subscriptions to clients' metrics, which there are none of. */
    public void handleList(InboundRequest request) {
        ListConfigResourcesRequest body = (ListConfigResourcesRequest) request.body();
        ListConfigResourcesResponseData response = new ListConfigResourcesResponseData();
        Set<Byte> types = request.version() == 0 ? Set.of(ConfigResource.Type.CLIENT_METRICS.id())
                : body.data().resourceTypes().isEmpty() ? LISTABLE : new HashSet<>(body.data().resourceTypes());
        if (!LISTABLE.containsAll(types)) {
            request.respond(new ListConfigResourcesResponse(response.setErrorCode(Errors.UNSUPPORTED_VERSION.code())));
            return;
        }
        ClusterImage image = images.current();
        if (types.contains(ConfigResource.Type.TOPIC.id())) {
            image.topicsByName().keySet().stream().sorted().forEach(name -> add(response, ConfigResource.Type.TOPIC,
                    name));
        }
        if (types.contains(ConfigResource.Type.BROKER.id())) {
            image.brokers().values().stream().filter(broker -> !broker.fenced()).map(BrokerImage::id).sorted()
                    .forEach(id -> add(response, ConfigResource.Type.BROKER, Integer.toString(id)));
        }
        request.respond(new ListConfigResourcesResponse(response));
    }

    private static void add(ListConfigResourcesResponseData response, ConfigResource.Type type, String name) {
        response.configResources().add(new ListConfigResourcesResponseData.ConfigResource().setResourceType(type.id())
                .setResourceName(name));
    }
}
