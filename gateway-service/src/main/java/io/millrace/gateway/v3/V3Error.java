package io.millrace.gateway.v3;

import io.millrace.common.error.ErrorCode;

/**
 * A refusal as the v3 dialect knows it: Confluent's codes, of which those with five digits are Kafka's errors. Unlike there, what may
 * succeed later is 503 with {@code Retry-After} and never 500.
 *
 * @param status    of HTTP
 * @param errorCode in the body, and in the reports of a stream
 */
public record V3Error(int status, int errorCode) {
    static final int BAD_REQUEST_TO_KAFKA = 40002;
    static final int UNKNOWN_TOPIC_OR_PARTITION = 40403;
    static final int RETRIABLE = 50003;
    static final int NOT_AVAILABLE = 50302;
    private static final String NOT_HOSTED = "This server does not host this topic-partition.";

    public static V3Error of(ErrorCode code) {
        return switch (code) {
            case TOPIC_EXISTS, TOO_FEW_BROKERS, INVALID_TOPIC_NAME, INVALID_PARTITIONS, INVALID_REPLICATION_FACTOR,
                    INVALID_REPLICA_ASSIGNMENT, INVALID_CONFIG, INVALID_SETTING, INVALID_RECORD -> new V3Error(400,
                            BAD_REQUEST_TO_KAFKA);
            case UNKNOWN_TOPIC, UNKNOWN_PARTITION -> new V3Error(404, UNKNOWN_TOPIC_OR_PARTITION);
            case TIMED_OUT, QUEUE_FULL, STORAGE_FAILED -> new V3Error(503, RETRIABLE);
            default -> code.httpStatus() == 503 ? new V3Error(503, NOT_AVAILABLE)
                    : new V3Error(code.httpStatus(), code.httpStatus());
        };
    }

    /** Confluent's own words where programs may know them. */
    public static String message(ErrorCode code, String message) {
        return of(code).errorCode == UNKNOWN_TOPIC_OR_PARTITION ? NOT_HOSTED : message;
    }
}
