package io.millrace.broker.listener;

import io.millrace.common.api.TopicsApi;
import io.millrace.common.api.TopicsApi.CreateTopic;
import io.millrace.common.api.TopicsApi.CreatedTopic;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.metadata.TopicConfig;
import io.millrace.common.metadata.TopicImage;
import io.millrace.common.wire.InboundRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.CreateTopicsRequestData;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableReplicaAssignment;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopic;
import org.apache.kafka.common.message.CreateTopicsResponseData;
import org.apache.kafka.common.message.CreateTopicsResponseData.CreatableTopicConfigs;
import org.apache.kafka.common.message.CreateTopicsResponseData.CreatableTopicResult;
import org.apache.kafka.common.message.DeleteTopicsRequestData;
import org.apache.kafka.common.message.DeleteTopicsRequestData.DeleteTopicState;
import org.apache.kafka.common.message.DeleteTopicsResponseData;
import org.apache.kafka.common.message.DeleteTopicsResponseData.DeletableTopicResult;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.ApiError;
import org.apache.kafka.common.requests.CreateTopicsRequest;
import org.apache.kafka.common.requests.CreateTopicsResponse;
import org.apache.kafka.common.requests.DeleteTopicsRequest;
import org.apache.kafka.common.requests.DeleteTopicsResponse;
import org.jspecify.annotations.Nullable;

/** Creates and deletes topics at the controller, and answers when this broker's image shows it. */
final class TopicsHandler {
    private static final short TOPIC_IDS_VERSION = 6;
    /** Of {@code DescribeConfigsResponse.ConfigSource}, which is the wire's form of {@link ConfigEntry.ConfigSource}. */
    private static final byte SOURCE_TOPIC = 1;
    private static final byte SOURCE_DEFAULT = 5;

    private final TopicsApi topics;
    private final ClusterImages images;
    private final ControllerCalls calls;
    private final Duration maxTimeout;

    TopicsHandler(TopicsApi topics, ClusterImages images, ControllerCalls calls, Duration maxTimeout) {
        this.topics = topics;
        this.images = images;
        this.calls = calls;
        this.maxTimeout = maxTimeout;
    }

    void handleCreate(InboundRequest request) {
        CreateTopicsRequestData wanted = ((CreateTopicsRequest) request.body()).data();
        calls.run(request, () -> {
            CreateTopicsResponseData response = new CreateTopicsResponseData();
            Set<String> repeated = repeated(wanted.topics().stream().map(CreatableTopic::name).toList());
            long version = -1;
            for (CreatableTopic topic : wanted.topics()) {
                if (response.topics().find(topic.name()) != null) {
                    continue;
                }
                CreatableTopicResult result = new CreatableTopicResult().setName(topic.name());
                if (repeated.contains(topic.name())) {
                    fail(result, new ApiError(Errors.INVALID_REQUEST, "the topic is named twice in the request"));
                } else {
                    version = Math.max(version, create(topic, wanted.validateOnly(), result));
                }
                response.topics().add(result);
            }
            if (version >= 0) {
                response.topics().forEach(result -> result.setErrorCode(notRepeated(result.errorCode())));
            }
            awaitImage(version, wanted.timeoutMs());
            request.respond(new CreateTopicsResponse(response));
        });
    }

    /**
     * Clients repeat a whole request when one topic's answer is NOT_CONTROLLER, and would then be told that the other topics, which they
     * have just created or deleted, exist already or not any more. So it is said only where nothing was changed.
     */
    private static short notRepeated(short error) {
        return error == Errors.NOT_CONTROLLER.code() ? Errors.BROKER_NOT_AVAILABLE.code() : error;
    }

    private static Set<String> repeated(List<String> names) {
        Set<String> seen = new HashSet<>();
        return names.stream().filter(name -> !seen.add(name)).collect(Collectors.toSet());
    }

    /** The version from which images show the topic, or -1. */
    private long create(CreatableTopic topic, boolean validateOnly, CreatableTopicResult result) {
        Map<String, String> configs = new TreeMap<>();
        topic.configs().forEach(config -> {
            if (config.value() != null) {
                configs.put(config.name(), config.value());
            }
        });
        try {
            CreatedTopic created = topics.create(new CreateTopic(topic.name(), topic.numPartitions() < 0 ? null
                    : topic.numPartitions(),
                    topic.replicationFactor() < 0 ? null : (int) topic.replicationFactor(), assignments(topic), configs,
                    validateOnly));
            result.setTopicId(Uuid.fromString(created.topicId())).setNumPartitions(created.partitions())
                    .setReplicationFactor((short) created.replicationFactor()).setConfigs(describe(configs));
            return created.version();
        } catch (RuntimeException e) {
            fail(result, ControllerCalls.errorOf(e));
            return -1;
        }
    }

    private static @Nullable List<List<Integer>> assignments(CreatableTopic topic) {
        if (topic.assignments().isEmpty()) {
            return null;
        }
        return topic.assignments().stream().sorted(Comparator.comparingInt(CreatableReplicaAssignment::partitionIndex))
                .map(assignment -> List.copyOf(assignment.brokerIds())).toList();
    }

    private static List<CreatableTopicConfigs> describe(Map<String, String> configs) {
        List<CreatableTopicConfigs> described = new ArrayList<>();
        new TreeMap<>(TopicConfig.defaults()).forEach((name, value) -> described.add(new CreatableTopicConfigs()
                .setName(name)
                .setValue(configs.getOrDefault(name, value)).setConfigSource(configs.containsKey(name) ? SOURCE_TOPIC
                        : SOURCE_DEFAULT)));
        return described;
    }

    private static void fail(CreatableTopicResult result, ApiError error) {
        result.setErrorCode(error.error().code()).setErrorMessage(error.messageWithFallback());
    }

    void handleDelete(InboundRequest request) {
        DeleteTopicsRequestData wanted = ((DeleteTopicsRequest) request.body()).data();
        List<DeleteTopicState> topicsToDelete = request.version() >= TOPIC_IDS_VERSION ? wanted.topics()
                : wanted.topicNames().stream().map(name -> new DeleteTopicState().setName(name)).toList();
        calls.run(request, () -> {
            DeleteTopicsResponseData response = new DeleteTopicsResponseData();
            long version = -1;
            for (DeleteTopicState topic : topicsToDelete) {
                DeletableTopicResult result = new DeletableTopicResult().setName(topic.name()).setTopicId(topic
                        .topicId());
                version = Math.max(version, delete(topic, result));
                response.responses().add(result);
            }
            if (version >= 0) {
                response.responses().forEach(result -> result.setErrorCode(notRepeated(result.errorCode())));
            }
            awaitImage(version, wanted.timeoutMs());
            request.respond(new DeleteTopicsResponse(response));
        });
    }

    private long delete(DeleteTopicState topic, DeletableTopicResult result) {
        String name = topic.name();
        if (name == null) {
            TopicImage image = images.current().topic(topic.topicId());
            if (image == null) {
                result.setErrorCode(Errors.UNKNOWN_TOPIC_ID.code()).setErrorMessage(Errors.UNKNOWN_TOPIC_ID.message());
                return -1;
            }
            name = image.name();
            result.setName(name);
        }
        try {
            return topics.delete(name).version();
        } catch (RuntimeException e) {
            ApiError error = ControllerCalls.errorOf(e);
            result.setErrorCode(error.error().code()).setErrorMessage(error.messageWithFallback());
            return -1;
        }
    }

    /** A client that asks for the topic next asks this broker, most likely. That it waits too long is no failure: the change is made. */
    private void awaitImage(long version, int timeoutMs) {
        if (version < 0) {
            return;
        }
        try {
            images.awaitVersion(version, Duration.ofMillis(Math.clamp(timeoutMs, 0, maxTimeout.toMillis())));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
