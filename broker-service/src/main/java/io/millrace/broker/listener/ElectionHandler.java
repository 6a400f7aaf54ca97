package io.millrace.broker.listener;

import io.millrace.common.api.ClusterApi;
import io.millrace.common.api.ClusterApi.Elect;
import io.millrace.common.api.ClusterApi.Elected;
import io.millrace.common.api.ClusterApi.Election;
import io.millrace.common.api.ClusterApi.ElectionOutcome;
import io.millrace.common.api.TopicPartition;
import io.millrace.common.listener.ControllerCalls;
import io.millrace.common.wire.InboundRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.message.ElectLeadersRequestData;
import org.apache.kafka.common.message.ElectLeadersRequestData.TopicPartitions;
import org.apache.kafka.common.message.ElectLeadersResponseData.PartitionResult;
import org.apache.kafka.common.message.ElectLeadersResponseData.ReplicaElectionResult;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.ApiError;
import org.apache.kafka.common.requests.ElectLeadersRequest;
import org.apache.kafka.common.requests.ElectLeadersResponse;
import org.jspecify.annotations.Nullable;

/** Has the controller elect preferred leaders, or where there is none any that runs (KIP-460), and answers when this broker's image shows them. */
final class ElectionHandler {
    private final ClusterApi cluster;
    private final ControllerCalls calls;

    ElectionHandler(ClusterApi cluster, ControllerCalls calls) {
        this.cluster = cluster;
        this.calls = calls;
    }

    void handle(InboundRequest request) {
        ElectLeadersRequestData wanted = ((ElectLeadersRequest) request.body()).data();
        if (wanted.electionType() != ElectionType.PREFERRED.value && wanted
                .electionType() != ElectionType.UNCLEAN.value) {
            request.respondError(Errors.INVALID_REQUEST.exception("there is no election of the type " + wanted
                    .electionType()));
            return;
        }
        List<TopicPartition> partitions = partitions(wanted);
        boolean unclean = wanted.electionType() == ElectionType.UNCLEAN.value;
        calls.run(request, () -> {
            try {
                Duration patience = Duration.ofMillis(Math.max(0, wanted.timeoutMs()));
                Elected elected = calls.untilThereIsOne(calls.deadlineNanos(patience), () -> cluster.elect(new Elect(
                        partitions, unclean)));
                calls.awaitImage(elected.version(), patience);
                request.respond(answer(request, Errors.NONE, results(elected)));
            } catch (RuntimeException e) {
                ApiError error = ControllerCalls.errorOf(e);
                request.respond(answer(request, error.error(), partitions == null ? List.of()
                        : failed(partitions, error)));
            }
        });
    }

    private static @Nullable List<TopicPartition> partitions(ElectLeadersRequestData wanted) {
        if (wanted.topicPartitions() == null) {
            return null;
        }
        List<TopicPartition> partitions = new ArrayList<>();
        for (TopicPartitions topic : wanted.topicPartitions()) {
            topic.partitions().forEach(partition -> partitions.add(new TopicPartition(topic.topic(), partition)));
        }
        return partitions;
    }

    private static ElectLeadersResponse answer(InboundRequest request, Errors error,
            List<ReplicaElectionResult> results) {
        return new ElectLeadersResponse(0, error.code(), results, request.version());
    }

    private static List<ReplicaElectionResult> results(Elected elected) {
        Map<String, ReplicaElectionResult> byTopic = new TreeMap<>();
        for (Election election : elected.elections()) {
            add(byTopic, election.partition(), ElectionHandler.error(election.outcome()));
        }
        return List.copyOf(byTopic.values());
    }

    private static ApiError error(ElectionOutcome outcome) {
        return switch (outcome) {
            case ELECTED -> ApiError.NONE;
            case NOT_NEEDED -> ApiError.fromThrowable(Errors.ELECTION_NOT_NEEDED.exception());
            case PREFERRED_NOT_AVAILABLE -> ApiError.fromThrowable(Errors.PREFERRED_LEADER_NOT_AVAILABLE.exception());
            case NONE_ELIGIBLE -> ApiError.fromThrowable(Errors.ELIGIBLE_LEADERS_NOT_AVAILABLE.exception());
            case UNKNOWN_PARTITION -> ApiError.fromThrowable(Errors.UNKNOWN_TOPIC_OR_PARTITION.exception());
        };
    }

    private static List<ReplicaElectionResult> failed(List<TopicPartition> partitions, ApiError error) {
        Map<String, ReplicaElectionResult> byTopic = new TreeMap<>();
        partitions.forEach(partition -> add(byTopic, partition, error));
        return List.copyOf(byTopic.values());
    }

    private static void add(Map<String, ReplicaElectionResult> byTopic, TopicPartition partition, ApiError error) {
        byTopic.computeIfAbsent(partition.topic(), name -> new ReplicaElectionResult().setTopic(name)).partitionResult()
                .add(new PartitionResult().setPartitionId(partition.partition()).setErrorCode(error.error().code())
                        .setErrorMessage(error.message()));
    }
}
