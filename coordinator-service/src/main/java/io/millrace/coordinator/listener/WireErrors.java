package io.millrace.coordinator.listener;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.protocol.Errors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a refusal is to a group's client. Consumers give up at most errors; of what may succeed later they know that the coordinator is
 * another (they look for it) or that it still loads (they wait and ask again), and nothing else.
 */
final class WireErrors {
    private static final Logger LOG = LoggerFactory.getLogger(WireErrors.class);

    private WireErrors() {}

    /** @param code and {@code message} as the client is told */
    record WireError(Errors code, String message) {}

    static WireError of(RuntimeException failure) {
        return switch (failure) {
            case RefusedException refused -> new WireError(of(refused.code()), refused.getMessage());
            case ApiException refused -> new WireError(Errors.forException(refused), refused.getMessage());
            default -> {
                LOG.error("A request of a Kafka client failed", failure);
                yield new WireError(Errors.UNKNOWN_SERVER_ERROR, Errors.UNKNOWN_SERVER_ERROR.message());
            }
        };
    }

    static Errors of(ErrorCode code) {
        return switch (code) {
            case NOT_COORDINATOR, COORDINATOR_UNAVAILABLE, TOO_MANY -> code.kafkaError();
            default -> code.isRetriable() ? Errors.COORDINATOR_LOAD_IN_PROGRESS : code.kafkaError();
        };
    }

    /** Of a commit, or a question for what is committed: a consumer that is told so waits for its next heartbeat, and asks again. */
    static Errors ofFenced(Errors error) {
        return error == Errors.FENCED_MEMBER_EPOCH ? Errors.STALE_MEMBER_EPOCH : error;
    }
}
