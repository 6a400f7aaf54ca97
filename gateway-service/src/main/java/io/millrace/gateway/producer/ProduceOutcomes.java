package io.millrace.gateway.producer;

import io.millrace.common.error.ErrorCode;
import io.millrace.gateway.producer.BrokerLane.Flight;
import java.util.List;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.message.ProduceResponseData.PartitionProduceResponse;
import org.apache.kafka.common.message.ProduceResponseData.TopicProduceResponse;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.ProduceResponse;
import org.jspecify.annotations.Nullable;

/** What follows from a broker's answer, partition by partition. */
final class ProduceOutcomes {
    private ProduceOutcomes() {}

    static void apply(List<Flight> flights, ProduceResponse response, Producer producer, BrokerLane lane) {
        @Nullable
        Flight[] open = flights.toArray(Flight[]::new);
        try {
            apply(open, response, producer, lane);
        } finally {
            for (Flight unanswered : open) {
                if (unanswered != null) {
                    producer.retryUnanswered(unanswered);
                }
            }
        }
    }

    /** Strikes out those that are answered. */
    private static void apply(@Nullable Flight[] open, ProduceResponse response, Producer producer, BrokerLane lane) {
        int guess = 0;
        for (TopicProduceResponse topic : response.data().responses()) {
            for (PartitionProduceResponse partition : topic.partitionResponses()) {
                int index = find(open, guess, topic, partition.index());
                if (index >= 0) {
                    Flight flight = open[index];
                    open[index] = null;
                    guess = index + 1;
                    if (flight != null) {
                        applyAlone(flight, partition, producer, lane);
                    }
                }
            }
        }
    }

    /** What goes wrong with one flight's answer is nothing to the others. */
    private static void applyAlone(Flight flight, PartitionProduceResponse answer, Producer producer,
            BrokerLane lane) {
        try {
            apply(flight, answer, producer, lane);
        } catch (RuntimeException e) {
            producer.recover(flight, e);
        }
    }

    /** Answers come in the order of the request as a rule, so the search begins where the last one ended. */
    private static int find(@Nullable Flight[] open, int guess, TopicProduceResponse topic, int partition) {
        for (int i = 0; i < open.length; i++) {
            int index = (guess + i) % open.length;
            Flight flight = open[index];
            if (flight != null && flight.queue().partition() == partition && isSame(flight.queue(), topic)) {
                return index;
            }
        }
        return -1;
    }

    private static boolean isSame(PartitionQueue queue, TopicProduceResponse topic) {
        return topic.topicId().equals(Uuid.ZERO_UUID) ? queue.topic().equals(topic.name())
                : queue.topicId().equals(topic.topicId());
    }

    private static void apply(Flight flight, PartitionProduceResponse answer, Producer producer, BrokerLane lane) {
        PartitionQueue queue = flight.queue();
        Errors error = Errors.forCode(answer.errorCode());
        boolean more = switch (error) {
            case NONE -> queue.stored(flight, answer.baseOffset());
            // Stored by a try whose answer was lost, so long ago that the broker no longer knows where.
            case DUPLICATE_SEQUENCE_NUMBER -> queue.stored(flight, Delivery.UNKNOWN_OFFSET);
            case OUT_OF_ORDER_SEQUENCE_NUMBER, UNKNOWN_PRODUCER_ID, INVALID_PRODUCER_EPOCH,
                    INVALID_PRODUCER_ID_MAPPING -> {
                if (!queue.isSingle()) {
                    producer.retryOutOfOrder(flight);
                    yield false;
                }
                if (producer.leadsStill(flight)) {
                    yield queue.refused(flight, ErrorCode.KEY_REUSED);
                }
                // What a deposed leader has under the key may be what nobody else has ever had.
                producer.retry(flight, true);
                yield false;
            }
            case MESSAGE_TOO_LARGE, RECORD_LIST_TOO_LARGE -> queue.refused(flight, ErrorCode.RECORD_TOO_LARGE);
            // The partition remembers as many requests' keys as it may.
            case THROTTLING_QUOTA_EXCEEDED -> queue.refused(flight, ErrorCode.QUEUE_FULL);
            case INVALID_RECORD, INVALID_TIMESTAMP -> queue.refused(flight, ErrorCode.INVALID_RECORD);
            // Appended, perhaps, and not yet safe: it is sent again as it is, and if that fails too nobody knows whether it is stored.
            // A leader that is deposed after it appended, while it waits for followers, says no more than that it does not lead.
            case KAFKA_STORAGE_ERROR, NOT_ENOUGH_REPLICAS_AFTER_APPEND, REQUEST_TIMED_OUT, NOT_LEADER_OR_FOLLOWER,
                    FENCED_LEADER_EPOCH -> {
                producer.retry(flight, true);
                yield false;
            }
            default -> {
                if (error.exception() instanceof RetriableException) {
                    producer.retry(flight, false);
                    yield false;
                }
                producer.refusedUnexpectedly(queue, error);
                yield queue.refused(flight, ErrorCode.INTERNAL);
            }
        };
        if (more) {
            lane.add(queue);
        }
    }
}
