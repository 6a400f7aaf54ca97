package io.millrace.coordinator.group.classic;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor;
import org.apache.kafka.clients.consumer.internals.ConsumerProtocol;
import org.apache.kafka.common.TopicPartition;

/** What members of the protocol type {@code consumer} tell each other (Kafka's embedded consumer protocol). Others' bytes are not looked into. */
public final class ConsumerMetadata {
    public static final String PROTOCOL_TYPE = ConsumerProtocol.PROTOCOL_TYPE;

    private ConsumerMetadata() {}

    /** Topics that a member subscribes to; empty where the bytes are no consumer's. */
    public static Optional<SortedSet<String>> topics(Opaque metadata) {
        return subscription(metadata).map(subscription -> new TreeSet<>(subscription.topics()));
    }

    /** All that a member says; empty where the bytes are no consumer's. */
    public static Optional<ConsumerPartitionAssignor.Subscription> subscription(Opaque metadata) {
        try {
            return Optional.of(ConsumerProtocol.deserializeSubscription(ByteBuffer.wrap(metadata.bytes())));
        } catch (RuntimeException e) {
            // Whatever the parser makes of bytes that anybody may send.
            return Optional.empty();
        }
    }

    /** @param metadata of the member that it is for, whose version it is written in */
    public static Opaque assignment(List<TopicPartition> partitions, Opaque metadata) {
        short version = ConsumerProtocol.deserializeVersion(ByteBuffer.wrap(metadata.bytes()));
        ByteBuffer assignment = ConsumerProtocol.serializeAssignment(new ConsumerPartitionAssignor.Assignment(
                partitions), version);
        byte[] bytes = new byte[assignment.remaining()];
        assignment.get(bytes);
        return Opaque.of(bytes);
    }

    /** Partitions that a member was assigned; none where the bytes are no consumer's. */
    public static List<TopicPartition> partitions(Opaque assignment) {
        if (assignment.sizeBytes() == 0) {
            return List.of();
        }
        try {
            return new ArrayList<>(ConsumerProtocol.deserializeAssignment(ByteBuffer.wrap(assignment.bytes()))
                    .partitions());
        } catch (RuntimeException e) {
            return List.of();
        }
    }
}
