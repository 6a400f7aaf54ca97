package io.millrace.coordinator.listener;

import io.millrace.common.api.OffsetsApi;
import io.millrace.coordinator.group.Topic;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestPartition;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestTopic;
import org.apache.kafka.common.message.OffsetCommitResponseData;
import org.apache.kafka.common.message.OffsetCommitResponseData.OffsetCommitResponsePartition;
import org.apache.kafka.common.message.OffsetCommitResponseData.OffsetCommitResponseTopic;
import org.apache.kafka.common.protocol.Errors;

/**
 * A commit of a Kafka client: what of it can be stored, and its answer. The offset service stores all or nothing; Kafka's protocol
 * answers each partition, so what cannot be stored is sorted out first. Pure.
 *
 * @param offsets  to be stored
 * @param stored   the answers of the partitions in {@code offsets}, in the same order
 * @param response with the answers of all partitions
 */
record OffsetCommits(List<OffsetsApi.CommitOffset> offsets, List<OffsetCommitResponsePartition> stored,
        OffsetCommitResponseData response) {
    static final int MAX_METADATA_LENGTH = 4096;
    /** Below what an offset service takes by default, {@code millrace.offset.commit.max-offsets}. */
    static final int MAX_SLICE_OFFSETS = 5_000;
    /** A character is six bytes of JSON at most, and a body 8 MB. */
    static final int MAX_SLICE_METADATA_LENGTH = 512 * 1024;
    private static final int NO_EPOCH = -1;

    static OffsetCommits of(OffsetCommitRequestData request, WireTopics topics) {
        var commits = new OffsetCommits(new ArrayList<>(), new ArrayList<>(), new OffsetCommitResponseData());
        for (OffsetCommitRequestTopic topic : request.topics()) {
            var answered = new OffsetCommitResponseTopic().setName(topic.name()).setTopicId(topic.topicId());
            commits.response.topics().add(answered);
            Topic known = topics.find(topic.name(), topic.topicId());
            for (OffsetCommitRequestPartition partition : topic.partitions()) {
                var answer = new OffsetCommitResponsePartition().setPartitionIndex(partition.partitionIndex());
                answered.partitions().add(answer);
                if (known == null) {
                    answer.setErrorCode(topics.unknown().code());
                } else {
                    commits.add(known, topics.byId(), partition, answer);
                }
            }
        }
        return commits;
    }

    private void add(Topic topic, boolean byId, OffsetCommitRequestPartition partition,
            OffsetCommitResponsePartition answer) {
        String metadata = partition.committedMetadata();
        Errors error = faultOf(topic, partition);
        answer.setErrorCode(error.code());
        if (error == Errors.NONE) {
            int epoch = partition.committedLeaderEpoch();
            offsets.add(new OffsetsApi.CommitOffset(topic.name(), byId ? WireTopics.id(topic).toString() : null,
                    partition.partitionIndex(), partition
                            .committedOffset(), epoch <= NO_EPOCH ? null : epoch, metadata));
            stored.add(answer);
        }
    }

    private static Errors faultOf(Topic topic, OffsetCommitRequestPartition partition) {
        if (!WireTopics.has(topic, partition.partitionIndex())) {
            return Errors.UNKNOWN_TOPIC_OR_PARTITION;
        }
        String metadata = partition.committedMetadata();
        if (metadata != null && metadata.length() > MAX_METADATA_LENGTH) {
            return Errors.OFFSET_METADATA_TOO_LARGE;
        }
        boolean storable = partition.committedOffset() >= 0 && (metadata == null || metadata.indexOf('\0') < 0);
        return storable ? Errors.NONE : Errors.INVALID_REQUEST;
    }

    /** What one call of the offset service holds of them, in order: it takes no more offsets, and no longer bodies, at once. */
    List<List<OffsetsApi.CommitOffset>> slices() {
        var slices = new ArrayList<List<OffsetsApi.CommitOffset>>();
        int from = 0;
        int length = 0;
        for (int next = 0; next < offsets.size(); next++) {
            String metadata = offsets.get(next).metadata();
            int added = metadata == null ? 0 : metadata.length();
            if (next - from == MAX_SLICE_OFFSETS || length + added > MAX_SLICE_METADATA_LENGTH) {
                slices.add(offsets.subList(from, next));
                from = next;
                length = 0;
            }
            length += added;
        }
        if (from < offsets.size()) {
            slices.add(offsets.subList(from, offsets.size()));
        }
        return slices;
    }

    /** Neighbours of one topic together. */
    static List<List<OffsetsApi.CommitOffset>> byTopic(List<OffsetsApi.CommitOffset> offsets) {
        var topics = new ArrayList<List<OffsetsApi.CommitOffset>>();
        int from = 0;
        for (int next = 1; next <= offsets.size(); next++) {
            if (next == offsets.size() || !offsets.get(next).topic().equals(offsets.get(from).topic())) {
                topics.add(offsets.subList(from, next));
                from = next;
            }
        }
        return topics;
    }

    /** Those were not stored, for one reason. */
    void failed(int from, int to, Errors error) {
        stored.subList(from, to).forEach(answer -> answer.setErrorCode(error.code()));
    }

    /** Not even looked at. */
    static OffsetCommitResponseData refused(OffsetCommitRequestData request, Errors error) {
        var response = new OffsetCommitResponseData();
        for (OffsetCommitRequestTopic topic : request.topics()) {
            response.topics().add(new OffsetCommitResponseTopic().setName(topic.name()).setTopicId(topic.topicId())
                    .setPartitions(topic.partitions().stream().map(partition -> new OffsetCommitResponsePartition()
                            .setPartitionIndex(partition.partitionIndex()).setErrorCode(error.code())).toList()));
        }
        return response;
    }
}
