package io.millrace.common.wire;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.AbstractResponse;

/**
 * Asks brokers over Kafka's protocol. One pipelined connection for each endpoint and {@link Lane}, opened on first use and
 * opened again, after a bounded backoff, when it was lost.
 */
public interface BrokerClient extends AutoCloseable {

    /**
     * Sends a request and never blocks. The version is the highest that both sides speak within the builder's range.
     *
     * <p>The future completes on the connection's reader thread: what depends on it must be short and must not block; use the
     * {@code ...Async} forms for anything else. Records of a fetch response lie in a buffer of the response's own, which nobody
     * else uses.
     *
     * <p>The buffers of a produce request's records must not change until the future is complete.
     *
     * @param responseType what the broker answers with, for example {@code ProduceResponse.class}
     * @param timeout from this call to the answer, connecting included
     * @param memory asked once the answer's size is known
     * @return the answer, which may hold error codes; or exceptionally one of
     *         {@link DisconnectedException} (no connection, or lost before the answer: the broker may or may not have acted),
     *         {@link RequestTimedOutException} (the same, and slow),
     *         {@link InFlightLimitException} (not sent: too many unanswered),
     *         {@link ResponseRefusedException} (answered, but the answer was not taken in),
     *         {@link org.apache.kafka.common.errors.UnsupportedVersionException} (not sent: no common version),
     *         {@link IllegalArgumentException} (not sent: a produce request with acks=0 has no answer to wait for)
     */
    <R extends AbstractResponse> CompletableFuture<R> send(BrokerEndpoint broker, Lane lane,
            AbstractRequest.Builder<?> request,
            Class<R> responseType, Duration timeout, ResponseMemory memory);

    /** The same, for an answer that is taken in whatever its size. */
    default <R extends AbstractResponse> CompletableFuture<R> send(BrokerEndpoint broker, Lane lane,
            AbstractRequest.Builder<?> request,
            Class<R> responseType, Duration timeout) {
        return send(broker, lane, request, responseType, timeout, ResponseMemory.UNLIMITED);
    }

    /** Closes every connection; what is unanswered fails with {@link DisconnectedException}. */
    @Override
    void close();

    static BrokerClient create(BrokerClientConfig config) {
        return new PipelinedBrokerClient(config);
    }
}
