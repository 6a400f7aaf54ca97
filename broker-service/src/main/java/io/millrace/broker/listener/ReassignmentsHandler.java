package io.millrace.broker.listener;

import io.millrace.common.api.ClusterApi;
import io.millrace.common.api.ClusterApi.Cancel;
import io.millrace.common.api.ClusterApi.CancelOutcome;
import io.millrace.common.api.ClusterApi.ReassignEach;
import io.millrace.common.api.ClusterApi.ReassignOutcome;
import io.millrace.common.api.ClusterApi.ReassignedEach;
import io.millrace.common.api.ClusterApi.Reassignment;
import io.millrace.common.api.ClusterApi.Reassignments;
import io.millrace.common.api.ClusterApi.Replicas;
import io.millrace.common.api.TopicPartition;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.listener.ControllerCalls;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.metadata.TopicImage;
import io.millrace.common.wire.InboundRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.message.AlterPartitionReassignmentsRequestData;
import org.apache.kafka.common.message.AlterPartitionReassignmentsRequestData.ReassignablePartition;
import org.apache.kafka.common.message.AlterPartitionReassignmentsRequestData.ReassignableTopic;
import org.apache.kafka.common.message.AlterPartitionReassignmentsResponseData;
import org.apache.kafka.common.message.AlterPartitionReassignmentsResponseData.ReassignablePartitionResponse;
import org.apache.kafka.common.message.AlterPartitionReassignmentsResponseData.ReassignableTopicResponse;
import org.apache.kafka.common.message.ListPartitionReassignmentsRequestData;
import org.apache.kafka.common.message.ListPartitionReassignmentsResponseData;
import org.apache.kafka.common.message.ListPartitionReassignmentsResponseData.OngoingPartitionReassignment;
import org.apache.kafka.common.message.ListPartitionReassignmentsResponseData.OngoingTopicReassignment;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.AlterPartitionReassignmentsRequest;
import org.apache.kafka.common.requests.AlterPartitionReassignmentsResponse;
import org.apache.kafka.common.requests.ApiError;
import org.apache.kafka.common.requests.ListPartitionReassignmentsRequest;
import org.apache.kafka.common.requests.ListPartitionReassignmentsResponse;
import org.jspecify.annotations.Nullable;

/** Has the controller bring partitions to other replicas, and tells which are on their way (KIP-455). */
final class ReassignmentsHandler {
    private final ClusterApi cluster;
    private final ClusterImages images;
    private final ControllerCalls calls;

    ReassignmentsHandler(ClusterApi cluster, ClusterImages images, ControllerCalls calls) {
        this.cluster = cluster;
        this.images = images;
        this.calls = calls;
    }

    void handleAlter(InboundRequest request) {
        AlterPartitionReassignmentsRequestData wanted = ((AlterPartitionReassignmentsRequest) request.body()).data();
        calls.run(request, () -> {
            AlterPartitionReassignmentsResponseData response = new AlterPartitionReassignmentsResponseData()
                    .setAllowReplicationFactorChange(wanted.allowReplicationFactorChange());
            try {
                Alteration alteration = new Alteration(wanted);
                alteration.carryOut();
                calls.awaitImage(alteration.version, Duration.ofMillis(Math.max(0, wanted.timeoutMs())));
                wanted.topics().forEach(topic -> response.responses().add(alteration.answer(topic)));
            } catch (RuntimeException e) {
                ApiError error = ControllerCalls.errorOf(e);
                response.setErrorCode(error.error().code()).setErrorMessage(error.messageWithFallback());
            }
            request.respond(new AlterPartitionReassignmentsResponse(response));
        });
    }

    /**
     * One request on its way. What it asks for may be asked for again, so one that fails half done is repeated as a whole; of what had not begun when
     * it was called off it may then be told that nothing is under way.
     */
    private final class Alteration {
        private final AlterPartitionReassignmentsRequestData wanted;
        private final Map<TopicPartition, ApiError> errors = new HashMap<>();
        private long version = -1;

        Alteration(AlterPartitionReassignmentsRequestData wanted) {
            this.wanted = wanted;
        }

        void carryOut() {
            Map<TopicPartition, Replicas> moves = new LinkedHashMap<>();
            List<TopicPartition> cancelled = new ArrayList<>();
            for (ReassignableTopic topic : wanted.topics()) {
                for (ReassignablePartition partition : topic.partitions()) {
                    TopicPartition named = new TopicPartition(topic.name(), partition.partitionIndex());
                    if (partition.replicas() == null) {
                        cancelled.add(named);
                    } else if (changesFactor(named, partition.replicas().size()) && !wanted
                            .allowReplicationFactorChange()) {
                        errors.put(named, new ApiError(Errors.INVALID_REPLICATION_FACTOR,
                                "the replication factor would change, which the request does not allow"));
                    } else {
                        moves.put(named, new Replicas(topic.name(), partition.partitionIndex(), partition.replicas()));
                    }
                }
            }
            if (!moves.isEmpty()) {
                reassign(moves);
            }
            if (!cancelled.isEmpty()) {
                cancel(cancelled);
            }
        }

        private void reassign(Map<TopicPartition, Replicas> moves) {
            ReassignedEach answer = cluster.reassignEach(new ReassignEach(List.copyOf(moves.values())));
            version = Math.max(version, answer.version());
            Iterator<ReassignOutcome> outcomes = answer.outcomes().iterator();
            for (TopicPartition partition : moves.keySet()) {
                ReassignOutcome outcome = outcomes.next();
                ErrorCode refusal = outcome.refusal();
                if (refusal != null) {
                    errors.put(partition, new ApiError(refusal.kafkaError(), outcome.message()));
                }
            }
        }

        private void cancel(List<TopicPartition> partitions) {
            ClusterApi.CancelledOf answer = cluster.cancel(new Cancel(partitions));
            version = Math.max(version, answer.version());
            for (int i = 0; i < partitions.size(); i++) {
                CancelOutcome outcome = answer.outcomes().get(i);
                switch (outcome) {
                    case CANCELLED -> {}
                    case NOT_UNDER_WAY -> errors.put(partitions.get(i), of(Errors.NO_REASSIGNMENT_IN_PROGRESS));
                    case UNKNOWN_PARTITION -> errors.put(partitions.get(i), of(Errors.UNKNOWN_TOPIC_OR_PARTITION));
                }
            }
        }

        private static ApiError of(Errors error) {
            return new ApiError(error, error.message());
        }

        private boolean changesFactor(TopicPartition named, int count) {
            TopicImage topic = images.current().topic(named.topic());
            PartitionImage partition = topic == null ? null : topic.partition(named.partition());
            return partition != null && count != partition.replicas().size() - partition.adding().size();
        }

        ReassignableTopicResponse answer(ReassignableTopic topic) {
            ReassignableTopicResponse answer = new ReassignableTopicResponse().setName(topic.name());
            for (ReassignablePartition partition : topic.partitions()) {
                ApiError error = errors.getOrDefault(new TopicPartition(topic.name(), partition.partitionIndex()),
                        ApiError.NONE);
                answer.partitions().add(new ReassignablePartitionResponse().setPartitionIndex(partition
                        .partitionIndex()).setErrorCode(error.error().code()).setErrorMessage(error.message()));
            }
            return answer;
        }
    }

    void handleList(InboundRequest request) {
        ListPartitionReassignmentsRequestData wanted = ((ListPartitionReassignmentsRequest) request.body()).data();
        calls.runReading(request, () -> {
            ListPartitionReassignmentsResponseData response = new ListPartitionReassignmentsResponseData();
            try {
                response.setTopics(topics(cluster.list(new Reassignments(named(wanted))).reassignments()));
            } catch (RuntimeException e) {
                ApiError error = ControllerCalls.errorOf(e);
                response.setErrorCode(error.error().code()).setErrorMessage(error.messageWithFallback());
            }
            request.respond(new ListPartitionReassignmentsResponse(response));
        });
    }

    private static @Nullable List<TopicPartition> named(ListPartitionReassignmentsRequestData wanted) {
        return wanted.topics() == null ? null
                : wanted.topics().stream().flatMap(topic -> topic.partitionIndexes().stream().map(
                        index -> new TopicPartition(topic.name(), index))).toList();
    }

    private static List<OngoingTopicReassignment> topics(List<Reassignment> reassignments) {
        Map<String, OngoingTopicReassignment> topics = new TreeMap<>();
        for (Reassignment each : reassignments) {
            topics.computeIfAbsent(each.topic(), name -> new OngoingTopicReassignment().setName(name)).partitions()
                    .add(new OngoingPartitionReassignment().setPartitionIndex(each.partition())
                            .setReplicas(each.replicas()).setAddingReplicas(each.adding())
                            .setRemovingReplicas(each.removing()));
        }
        return List.copyOf(topics.values());
    }
}
