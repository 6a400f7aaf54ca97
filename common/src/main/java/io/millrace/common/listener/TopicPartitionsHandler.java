package io.millrace.common.listener;

import io.millrace.common.metadata.BrokerImage;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.metadata.TopicImage;
import io.millrace.common.wire.InboundRequest;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.message.DescribeTopicPartitionsRequestData;
import org.apache.kafka.common.message.DescribeTopicPartitionsRequestData.TopicRequest;
import org.apache.kafka.common.message.DescribeTopicPartitionsResponseData;
import org.apache.kafka.common.message.DescribeTopicPartitionsResponseData.Cursor;
import org.apache.kafka.common.message.DescribeTopicPartitionsResponseData.DescribeTopicPartitionsResponsePartition;
import org.apache.kafka.common.message.DescribeTopicPartitionsResponseData.DescribeTopicPartitionsResponseTopic;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.DescribeTopicPartitionsRequest;
import org.apache.kafka.common.requests.DescribeTopicPartitionsResponse;
import org.apache.kafka.common.requests.MetadataResponse;

/** Describes topics page by page (KIP-966): by name, each answer going on where the cursor of the one before stood. */
public final class TopicPartitionsHandler {
    /** Kafka's {@code max.request.partition.size.limit}. */
    private static final int MAX_PARTITIONS = 2000;

    private final ClusterImages images;

    public TopicPartitionsHandler(ClusterImages images) {
        this.images = images;
    }

    public void handle(InboundRequest request) {
        DescribeTopicPartitionsRequestData wanted = ((DescribeTopicPartitionsRequest) request.body()).data();
        DescribeTopicPartitionsRequestData.Cursor from = wanted.cursor();
        if (from != null && from.partitionIndex() < 0) {
            request.respondError(new InvalidRequestException("the cursor names partition " + from.partitionIndex()));
            return;
        }
        ClusterImage image = images.current();
        SortedSet<String> names = new TreeSet<>(wanted.topics().isEmpty() ? image.topicsByName().keySet()
                : wanted.topics().stream().map(TopicRequest::name).toList());
        Page page = new Page(image, Math.clamp(wanted.responsePartitionLimit(), 1, MAX_PARTITIONS));
        for (String name : from == null ? names : names.tailSet(from.topicName())) {
            int first = from != null && from.topicName().equals(name) ? from.partitionIndex() : 0;
            if (!page.add(name, first)) {
                break;
            }
        }
        request.respond(new DescribeTopicPartitionsResponse(page.response));
    }

    /** One answer, which is filled up to its limit. */
    private static final class Page {
        private final DescribeTopicPartitionsResponseData response = new DescribeTopicPartitionsResponseData();
        private final ClusterImage image;
        private int room;

        Page(ClusterImage image, int limit) {
            this.image = image;
            this.room = limit;
        }

        /** False once nothing more may be added. A topic that is not there costs as much as a partition, so that no answer is without bound. */
        boolean add(String name, int firstPartition) {
            if (room == 0) {
                goOnAt(name, firstPartition);
                return false;
            }
            TopicImage topic = image.topic(name);
            if (topic == null) {
                room--;
                Errors error = Topic.isValid(name) ? Errors.UNKNOWN_TOPIC_OR_PARTITION : Errors.INVALID_TOPIC_EXCEPTION;
                response.topics().add(new DescribeTopicPartitionsResponseTopic().setName(name).setErrorCode(error
                        .code()));
                return true;
            }
            int count = topic.partitions().size();
            int first = Math.min(firstPartition, count);
            int end = Math.min(count, first + room);
            // It is told whether it is asked for or not, as by Kafka.
            DescribeTopicPartitionsResponseTopic described = new DescribeTopicPartitionsResponseTopic().setName(name)
                    .setTopicId(topic.id()).setTopicAuthorizedOperations(AuthorizedOperations.OF_TOPIC);
            topic.partitions().subList(first, end).forEach(partition -> described.partitions().add(describe(
                    partition)));
            response.topics().add(described);
            room -= end - first;
            if (end < count) {
                goOnAt(name, end);
            }
            return end == count;
        }

        private void goOnAt(String name, int partition) {
            response.setNextCursor(new Cursor().setTopicName(name).setPartitionIndex(partition));
        }

        private DescribeTopicPartitionsResponsePartition describe(PartitionImage partition) {
            BrokerImage leader = image.leader(partition);
            boolean nobodyEligible = partition.isr().isEmpty() && partition.elr().isEmpty()
                    && partition.lastLeader() != PartitionImage.NO_LEADER;
            return new DescribeTopicPartitionsResponsePartition().setPartitionIndex(partition.index())
                    .setLeaderId(leader == null ? MetadataResponse.NO_LEADER_ID : leader.id())
                    .setLeaderEpoch(partition.leaderEpoch())
                    .setReplicaNodes(partition.replicas()).setIsrNodes(partition.isr())
                    .setEligibleLeaderReplicas(partition.elr())
                    .setLastKnownElr(nobodyEligible ? List.of(partition.lastLeader()) : List.of())
                    .setOfflineReplicas(partition.replicas().stream().filter(id -> MetadataHandler.isOffline(image,
                            id)).toList());
        }
    }
}
