package io.millrace.broker.listener;

import io.millrace.common.api.ClusterApi;
import io.millrace.common.api.TopicsApi;
import io.millrace.common.api.TopicsApi.CreateTopic;
import io.millrace.common.api.TopicsApi.CreatedTopic;
import io.millrace.common.api.TopicsApi.DeletedTopic;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.listener.ControllerCalls;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.metadata.TopicConfigKey;
import io.millrace.common.wire.InboundRequest;
import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.message.CreatePartitionsRequestData;
import org.apache.kafka.common.message.CreatePartitionsRequestData.CreatePartitionsTopic;
import org.apache.kafka.common.message.CreatePartitionsResponseData;
import org.apache.kafka.common.message.CreatePartitionsResponseData.CreatePartitionsTopicResult;
import org.apache.kafka.common.message.CreateTopicsRequestData;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableReplicaAssignment;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopic;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopicConfig;
import org.apache.kafka.common.message.CreateTopicsResponseData;
import org.apache.kafka.common.message.CreateTopicsResponseData.CreatableTopicConfigs;
import org.apache.kafka.common.message.CreateTopicsResponseData.CreatableTopicResult;
import org.apache.kafka.common.message.DeleteTopicsRequestData;
import org.apache.kafka.common.message.DeleteTopicsRequestData.DeleteTopicState;
import org.apache.kafka.common.message.DeleteTopicsResponseData;
import org.apache.kafka.common.message.DeleteTopicsResponseData.DeletableTopicResult;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.ApiError;
import org.apache.kafka.common.requests.CreatePartitionsRequest;
import org.apache.kafka.common.requests.CreatePartitionsResponse;
import org.apache.kafka.common.requests.CreateTopicsRequest;
import org.apache.kafka.common.requests.CreateTopicsResponse;
import org.apache.kafka.common.requests.DeleteTopicsRequest;
import org.apache.kafka.common.requests.DeleteTopicsResponse;
import org.jspecify.annotations.Nullable;

/** Creates, enlarges and deletes topics at the controller, and answers when this broker's image shows it. */
final class TopicsHandler {
    private static final short TOPIC_IDS_VERSION = 6;
    /** In a request: the cluster's default, or as the assignments say. */
    private static final int UNSET = -1;
    static final String NAMED_TWICE = "the topic is named twice in the request";

    /** Kafka's {@code MAX_PARTITIONS_PER_BATCH}: more in one request, and none of its topics is created. */
    static final int MAX_NEW_PARTITIONS = 10_000;
    private static final ApiError TOO_MANY_PARTITIONS = new ApiError(Errors.POLICY_VIOLATION,
            "Excessively large number of partitions per request.");
    private static final ApiError LATE = new ApiError(Errors.REQUEST_TIMED_OUT,
            "the time was up before it was this topic's turn; nothing was done");

    private final ClusterImages images;
    private final TopicsApi topics;
    private final ClusterApi cluster;
    private final ControllerCalls calls;

    TopicsHandler(ClusterImages images, TopicsApi topics, ClusterApi cluster, ControllerCalls calls) {
        this.images = images;
        this.topics = topics;
        this.cluster = cluster;
        this.calls = calls;
    }

    void handleCreate(InboundRequest request) {
        CreateTopicsRequestData wanted = ((CreateTopicsRequest) request.body()).data();
        calls.run(request, () -> {
            CreateTopicsResponseData response = new CreateTopicsResponseData();
            long deadlineNanos = calls.deadlineNanos(patience(wanted.timeoutMs()));
            boolean tooMany = newPartitions(wanted) > MAX_NEW_PARTITIONS;
            Set<String> repeated = repeated(wanted.topics().stream().map(CreatableTopic::name).toList());
            long version = ControllerCalls.NO_VERSION;
            for (CreatableTopic topic : wanted.topics()) {
                if (response.topics().find(topic.name()) != null) {
                    continue;
                }
                CreatableTopicResult result = new CreatableTopicResult().setName(topic.name());
                if (repeated.contains(topic.name())) {
                    fail(result, new ApiError(Errors.INVALID_REQUEST, NAMED_TWICE));
                } else if (tooMany) {
                    fail(result, TOO_MANY_PARTITIONS);
                } else if (!calls.isTimeFor(request, deadlineNanos)) {
                    fail(result, LATE);
                } else {
                    version = Math.max(version, create(topic, wanted.validateOnly(), result));
                }
                response.topics().add(result);
            }
            if (version != ControllerCalls.NO_VERSION) {
                response.topics().forEach(result -> result.setErrorCode(notRepeated(result.errorCode())));
            }
            calls.awaitImage(version, Duration.ofMillis(Math.max(0, wanted.timeoutMs())));
            request.respond(new CreateTopicsResponse(response));
        });
    }

    private static long newPartitions(CreateTopicsRequestData wanted) {
        long count = 0;
        for (CreatableTopic topic : wanted.topics()) {
            count += topic.assignments().isEmpty() ? Math.max(1, topic.numPartitions()) : topic.assignments().size();
        }
        return count;
    }

    /** One call after the other: who names no time waits as long as anybody may. The answer is to come before its client gives up. */
    private static Duration patience(int timeoutMs) {
        return timeoutMs <= 0 ? Duration.ofMillis(Integer.MAX_VALUE) : Duration.ofMillis(timeoutMs - timeoutMs / 5);
    }

    /**
     * Clients repeat a whole request when one topic's answer is NOT_CONTROLLER, and would then be told that the other topics, which they
     * have just created or deleted, exist already or not any more. So it is said only where nothing was changed.
     */
    private static short notRepeated(short error) {
        return error == Errors.NOT_CONTROLLER.code() ? Errors.BROKER_NOT_AVAILABLE.code() : error;
    }

    private static <T> Set<T> repeated(List<T> named) {
        Set<T> seen = new HashSet<>();
        return named.stream().filter(each -> !seen.add(each)).collect(Collectors.toSet());
    }

    /** The version from which images show the topic, if it was created. */
    private long create(CreatableTopic topic, boolean validateOnly, CreatableTopicResult result) {
        try {
            Map<String, String> configs = configs(topic);
            CreatedTopic created = topics.create(new CreateTopic(topic.name(), topic.numPartitions() == UNSET ? null
                    : topic.numPartitions(), topic.replicationFactor() == UNSET ? null
                            : (int) topic
                                    .replicationFactor(), assignments(topic), configs, validateOnly));
            result.setTopicId(Uuid.fromString(created.topicId())).setNumPartitions(created.partitions())
                    .setReplicationFactor((short) created.replicationFactor()).setConfigs(describe(configs));
            return created.version();
        } catch (RuntimeException e) {
            fail(result, ControllerCalls.errorOf(e));
            return ControllerCalls.NO_VERSION;
        }
    }

    private static Map<String, String> configs(CreatableTopic topic) {
        Map<String, String> configs = new TreeMap<>();
        Set<String> withoutValue = new TreeSet<>();
        for (CreatableTopicConfig config : topic.configs()) {
            if (config.value() == null) {
                withoutValue.add(config.name());
            } else if (configs.put(config.name(), config.value()) != null) {
                throw new RefusedException(ErrorCode.INVALID_REQUEST, config.name() + ": is given twice");
            }
        }
        if (!withoutValue.isEmpty()) {
            throw new RefusedException(ErrorCode.INVALID_CONFIG, "Null value not supported for topic configs: " + String
                    .join(",", withoutValue));
        }
        return configs;
    }

    private static @Nullable List<List<Integer>> assignments(CreatableTopic topic) {
        if (topic.assignments().isEmpty()) {
            return null;
        }
        List<CreatableReplicaAssignment> sorted = topic.assignments().stream().sorted(Comparator.comparingInt(
                CreatableReplicaAssignment::partitionIndex)).toList();
        for (int index = 0; index < sorted.size(); index++) {
            if (sorted.get(index).partitionIndex() != index) {
                throw new RefusedException(ErrorCode.INVALID_REPLICA_ASSIGNMENT,
                        "brokers must be given for each partition from 0 on: there are none for partition " + index);
            }
        }
        return sorted.stream().map(assignment -> List.copyOf(assignment.brokerIds())).toList();
    }

    private static List<CreatableTopicConfigs> describe(Map<String, String> configs) {
        return Arrays.stream(TopicConfigKey.values()).map(key -> key.view(configs)).map(
                view -> new CreatableTopicConfigs().setName(view.name()).setValue(view.value()).setReadOnly(view
                        .readOnly()).setConfigSource(view.source().id())).toList();
    }

    private static void fail(CreatableTopicResult result, ApiError error) {
        result.setErrorCode(error.error().code()).setErrorMessage(error.messageWithFallback());
    }

    void handleCreatePartitions(InboundRequest request) {
        CreatePartitionsRequestData wanted = ((CreatePartitionsRequest) request.body()).data();
        calls.run(request, () -> {
            CreatePartitionsResponseData response = new CreatePartitionsResponseData();
            long deadlineNanos = calls.deadlineNanos(patience(wanted.timeoutMs()));
            long version = ControllerCalls.NO_VERSION;
            Set<String> repeated = repeated(wanted.topics().stream().map(CreatePartitionsTopic::name).toList());
            Set<String> answered = new HashSet<>();
            for (CreatePartitionsTopic topic : wanted.topics()) {
                if (!answered.add(topic.name())) {
                    continue;
                }
                CreatePartitionsTopicResult result = new CreatePartitionsTopicResult().setName(topic.name());
                if (repeated.contains(topic.name())) {
                    result.setErrorCode(Errors.INVALID_REQUEST.code()).setErrorMessage(NAMED_TWICE);
                } else if (!calls.isTimeFor(request, deadlineNanos)) {
                    result.setErrorCode(LATE.error().code()).setErrorMessage(LATE.message());
                } else {
                    version = Math.max(version, enlarge(topic, wanted.validateOnly(), result));
                }
                response.results().add(result);
            }
            if (version != ControllerCalls.NO_VERSION) {
                response.results().forEach(result -> result.setErrorCode(notRepeated(result.errorCode())));
            }
            calls.awaitImage(version, Duration.ofMillis(Math.max(0, wanted.timeoutMs())));
            request.respond(new CreatePartitionsResponse(response));
        });
    }

    private long enlarge(CreatePartitionsTopic topic, boolean validateOnly, CreatePartitionsTopicResult result) {
        List<List<Integer>> assignments = topic.assignments() == null ? null
                : topic.assignments().stream().map(assignment -> List.copyOf(assignment.brokerIds())).toList();
        try {
            requirePossible(topic.name());
            return cluster.partitions(topic.name(), new ClusterApi.Partitions(topic.count(), assignments, validateOnly))
                    .version();
        } catch (RuntimeException e) {
            ApiError error = ControllerCalls.errorOf(e);
            result.setErrorCode(error.error().code()).setErrorMessage(error.messageWithFallback());
            return ControllerCalls.NO_VERSION;
        }
    }

    void handleDelete(InboundRequest request) {
        DeleteTopicsRequestData wanted = ((DeleteTopicsRequest) request.body()).data();
        List<DeleteTopicState> topicsToDelete = request.version() >= TOPIC_IDS_VERSION ? wanted.topics()
                : wanted.topicNames().stream().map(name -> new DeleteTopicState().setName(name)).toList();
        calls.run(request, () -> {
            DeleteTopicsResponseData response = new DeleteTopicsResponseData();
            long version = ControllerCalls.NO_VERSION;
            long deadlineNanos = calls.deadlineNanos(patience(wanted.timeoutMs()));
            for (NamedTopics.Named topic : NamedTopics.of(topicsToDelete, images.current())) {
                DeletableTopicResult result = new DeletableTopicResult().setName(topic.name()).setTopicId(topic
                        .topicId());
                if (topic.fault() != null) {
                    result.setErrorCode(Errors.INVALID_REQUEST.code()).setErrorMessage(topic.fault());
                } else if (!calls.isTimeFor(request, deadlineNanos)) {
                    result.setErrorCode(LATE.error().code()).setErrorMessage(LATE.message());
                } else {
                    version = Math.max(version, delete(topic, result));
                }
                response.responses().add(result);
            }
            if (version != ControllerCalls.NO_VERSION) {
                response.responses().forEach(result -> result.setErrorCode(notRepeated(result.errorCode())));
            }
            calls.awaitImage(version, Duration.ofMillis(Math.max(0, wanted.timeoutMs())));
            request.respond(new DeleteTopicsResponse(response));
        });
    }

    private long delete(NamedTopics.Named topic, DeletableTopicResult result) {
        String name = topic.name();
        try {
            if (name != null) {
                requirePossible(name);
            }
            DeletedTopic deleted = name != null ? topics.delete(name) : topics.deleteById(topic.topicId().toString());
            result.setName(deleted.name()).setTopicId(Uuid.fromString(deleted.topicId()));
            return deleted.version();
        } catch (RuntimeException e) {
            ApiError error = ControllerCalls.errorOf(e);
            result.setErrorCode(error.error().code()).setErrorMessage(error.messageWithFallback());
            return ControllerCalls.NO_VERSION;
        }
    }

    /** The name becomes a part of a path, in which others could lead elsewhere; no topic has one of those. */
    private static void requirePossible(String name) {
        if (!Topic.isValid(name)) {
            throw new RefusedException(ErrorCode.UNKNOWN_TOPIC, "there is no topic '" + name + "'");
        }
    }
}
