package io.millrace.gateway.produce;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.TopicImage;
import io.millrace.gateway.brokers.Brokers;
import io.millrace.gateway.brokers.Topics;
import io.millrace.gateway.json.JsonOutput;
import io.millrace.gateway.producer.Delivery;
import java.io.IOException;
import java.io.OutputStream;
import org.jspecify.annotations.Nullable;

/** Writes {@code {"offsets":[{"partition","offset"} | {"error_code","message"}]}}, one for each record, in order. */
public final class ProduceAnswer {
    /** Sent on as soon as there is so much of it: why many short records were not stored is much longer than they are. */
    static final int PIECE_BYTES = 64 * 1024;

    private static final byte[] OPEN = "{\"offsets\":[".getBytes(US_ASCII);
    private static final byte[] PARTITION = "{\"partition\":".getBytes(US_ASCII);
    private static final byte[] OFFSET = ",\"offset\":".getBytes(US_ASCII);
    private static final byte[] NULL = "null".getBytes(US_ASCII);
    private static final byte[] ERROR_CODE = "{\"error_code\":".getBytes(US_ASCII);
    private static final byte[] MESSAGE = ",\"message\":".getBytes(US_ASCII);
    private static final byte[] CLOSE = "]}".getBytes(US_ASCII);

    private ProduceAnswer() {}

    /**
     * Leaves the answer in the target, or what of a long one was not sent yet.
     *
     * @param isAwaited whether records without a result have timed out; else they were taken, and their offsets are null
     * @return whether all of it is in the target
     */
    static boolean write(TopicImage topic, Delivery delivery, boolean isAwaited, JsonOutput target, OutputStream out)
            throws IOException {
        boolean isWhole = true;
        target.clear();
        target.write(OPEN);
        for (int record = 0; record < delivery.count(); record++) {
            if (record > 0) {
                target.write(',');
            }
            ErrorCode error = isAwaited ? delivery.error(record) : delivery.knownError(record);
            if (error == null) {
                target.write(PARTITION);
                target.writeLong(delivery.partition(record));
                target.write(OFFSET);
                if (isAwaited) {
                    target.writeLong(delivery.offset(record));
                } else {
                    target.write(NULL);
                }
            } else {
                target.write(ERROR_CODE);
                target.writeLong(error.httpStatus());
                target.write(MESSAGE);
                target.writeString(message(topic, error, delivery.partition(record)));
            }
            target.write('}');
            if (target.size() >= PIECE_BYTES) {
                target.writeTo(out);
                target.clear();
                isWhole = false;
            }
        }
        target.write(CLOSE);
        return isWhole;
    }

    static boolean anyRefused(Delivery delivery) {
        for (int record = 0; record < delivery.count(); record++) {
            if (delivery.knownError(record) != null) {
                return true;
            }
        }
        return false;
    }

    /** When not one record was stored, all for the same reason, that reason is the answer to the request; null otherwise. */
    static @Nullable RefusedException wholeRefusal(TopicImage topic, Delivery delivery, boolean isAwaited) {
        if (delivery.count() == 0) {
            return null;
        }
        ErrorCode first = isAwaited ? delivery.error(0) : delivery.knownError(0);
        if (first == null) {
            return null;
        }
        for (int record = 1; record < delivery.count(); record++) {
            if ((isAwaited ? delivery.error(record) : delivery.knownError(record)) != first) {
                return null;
            }
        }
        return new RefusedException(first, message(topic, first, delivery.partition(0)));
    }

    /** Why a record was not stored. */
    public static String message(TopicImage topic, ErrorCode error, int partition) {
        return switch (error) {
            case UNKNOWN_PARTITION -> text(Topics.unknownPartition(topic, partition));
            case UNKNOWN_TOPIC -> text(Topics.unknownTopic(topic.name()));
            case LEADER_UNAVAILABLE -> text(Brokers.leaderUnavailable(topic.name(), partition));
            case RECORD_TOO_LARGE -> "the record is larger than the topic's max.message.bytes";
            case INVALID_RECORD ->
                "the topic does not take the record: a compacted topic needs a key, and a timestamp must lie within its "
                        + "message.timestamp.before.max.ms and message.timestamp.after.max.ms";
            case TIMED_OUT -> "the leader of partition " + partition
                    + " did not confirm in time; the record may or may not be stored";
            case KEY_REUSED -> "the Idempotency-Key was used before with another request, of which partition "
                    + partition
                    + " has records";
            case QUEUE_FULL -> "partition " + partition
                    + " remembers as many Idempotency-Keys as it may; try again later";
            case UNAVAILABLE -> "the gateway is shutting down; try again";
            default -> "the leader of partition " + partition + " refused the record: " + error;
        };
    }

    private static String text(RefusedException refusal) {
        String message = refusal.getMessage();
        return message == null ? refusal.code().name() : message;
    }
}
