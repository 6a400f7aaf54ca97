package io.millrace.common.error;

import org.apache.kafka.common.protocol.Errors;

/**
 * Every refusal a client can meet, with its HTTP status and its code on Kafka's wire. Codes are turned into answers here and nowhere else.
 */
public enum ErrorCode {
    MALFORMED_BODY(400, Errors.INVALID_REQUEST),
    INVALID_REQUEST(400, Errors.INVALID_REQUEST),
    UNKNOWN_TOPIC(404, Errors.UNKNOWN_TOPIC_OR_PARTITION),
    UNKNOWN_TOPIC_ID(404, Errors.UNKNOWN_TOPIC_ID),
    UNKNOWN_PARTITION(404, Errors.UNKNOWN_TOPIC_OR_PARTITION),
    UNKNOWN_BROKER(404, Errors.BROKER_ID_NOT_REGISTERED),
    UNKNOWN_GROUP(404, Errors.GROUP_ID_NOT_FOUND),
    UNKNOWN_MEMBER(404, Errors.UNKNOWN_MEMBER_ID),
    UNKNOWN_INSTANCE(404, Errors.UNKNOWN_MEMBER_ID),
    /** There is nothing at the path. */
    NOT_FOUND(404, Errors.INVALID_REQUEST),
    METHOD_NOT_ALLOWED(405, Errors.INVALID_REQUEST),
    FORMAT_MISMATCH(406, Errors.INVALID_REQUEST),
    /** The body did not come in time. */
    BODY_TOO_SLOW(408, Errors.REQUEST_TIMED_OUT),
    TOPIC_EXISTS(409, Errors.TOPIC_ALREADY_EXISTS),
    INSTANCE_EXISTS(409, Errors.INVALID_REQUEST),
    SUBSCRIPTION_CONFLICT(409, Errors.INVALID_REQUEST),
    FENCED_MEMBER_EPOCH(409, Errors.FENCED_MEMBER_EPOCH),
    /** A newer poll of the same consumer instance has taken over. */
    POLL_SUPERSEDED(409, Errors.INVALID_REQUEST),
    /** It runs, or it holds replicas that nobody has taken over. */
    BROKER_IN_USE(409, Errors.INVALID_REQUEST),
    /** Fewer brokers would stay than a topic has replicas. */
    TOO_FEW_BROKERS(409, Errors.INVALID_REPLICATION_FACTOR),
    GROUP_NOT_EMPTY(409, Errors.NON_EMPTY_GROUP),
    BODY_TOO_LARGE(413, Errors.MESSAGE_TOO_LARGE),
    RECORD_TOO_LARGE(413, Errors.MESSAGE_TOO_LARGE),
    UNSUPPORTED_MEDIA_TYPE(415, Errors.INVALID_REQUEST),
    OFFSET_OUT_OF_RANGE(416, Errors.OFFSET_OUT_OF_RANGE),
    INVALID_TOPIC_NAME(422, Errors.INVALID_TOPIC_EXCEPTION),
    INVALID_PARTITIONS(422, Errors.INVALID_PARTITIONS),
    INVALID_REPLICATION_FACTOR(422, Errors.INVALID_REPLICATION_FACTOR),
    INVALID_REPLICA_ASSIGNMENT(422, Errors.INVALID_REPLICA_ASSIGNMENT),
    INVALID_CONFIG(422, Errors.INVALID_CONFIG),
    INVALID_SETTING(422, Errors.INVALID_REQUEST),
    INVALID_RECORD(422, Errors.INVALID_RECORD),
    /** The idempotency key came with another request before. */
    KEY_REUSED(422, Errors.OUT_OF_ORDER_SEQUENCE_NUMBER),
    TOO_MANY(429, Errors.GROUP_MAX_SIZE_REACHED),
    /** Groups go, and then there is room: nothing that a consumer should give up at. */
    COORDINATOR_FULL(429, Errors.COORDINATOR_LOAD_IN_PROGRESS),
    HEADERS_TOO_LARGE(431, Errors.INVALID_REQUEST),
    INTERNAL(500, Errors.UNKNOWN_SERVER_ERROR),
    NOT_CONTROLLER(503, Errors.NOT_CONTROLLER),
    NOT_COORDINATOR(503, Errors.NOT_COORDINATOR),
    /** Certainly not carried out. On Kafka's wire it is what clients look for a controller again at, and repeat their request. */
    CONTROLLER_UNAVAILABLE(503, Errors.NOT_CONTROLLER),
    COORDINATOR_UNAVAILABLE(503, Errors.COORDINATOR_NOT_AVAILABLE),
    LEADER_UNAVAILABLE(503, Errors.LEADER_NOT_AVAILABLE),
    STORAGE_FAILED(503, Errors.KAFKA_STORAGE_ERROR),
    QUEUE_FULL(503, Errors.THROTTLING_QUOTA_EXCEEDED),
    UNAVAILABLE(503, Errors.BROKER_NOT_AVAILABLE),
    TIMED_OUT(503, Errors.REQUEST_TIMED_OUT);

    private final int httpStatus;
    private final Errors kafkaError;

    ErrorCode(int httpStatus, Errors kafkaError) {
        this.httpStatus = httpStatus;
        this.kafkaError = kafkaError;
    }

    public int httpStatus() {
        return httpStatus;
    }

    public Errors kafkaError() {
        return kafkaError;
    }

    /** Whether the same request may succeed later without being changed; such answers carry {@code Retry-After}. */
    public boolean isRetriable() {
        return httpStatus == 503 || httpStatus == 429;
    }
}
