package io.millrace.common.wire;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.AbstractResponse;
import org.jspecify.annotations.Nullable;

/** A request on its way; its fields are guarded by the lock of the connection that holds it. */
final class PendingRequest<R extends AbstractResponse> {
    private final AbstractRequest.Builder<?> builder;
    private final Class<R> responseType;
    private final CompletableFuture<R> answer = new CompletableFuture<>();
    private final Duration timeout;
    private final long deadlineNanos;
    private final ResponseMemory memory;
    short version;
    int correlationId;
    long enqueuedNanos;
    ByteBuffer @Nullable [] frame;

    PendingRequest(AbstractRequest.Builder<?> builder, Class<R> responseType, Duration timeout, long nowNanos,
            ResponseMemory memory) {
        this.builder = builder;
        this.responseType = responseType;
        this.timeout = timeout;
        this.deadlineNanos = nowNanos + timeout.toNanos();
        this.memory = memory;
    }

    AbstractRequest.Builder<?> builder() {
        return builder;
    }

    ApiKeys apiKey() {
        return builder.apiKey();
    }

    Duration timeout() {
        return timeout;
    }

    CompletableFuture<R> answer() {
        return answer;
    }

    boolean expired(long nowNanos) {
        return nowNanos - deadlineNanos >= 0;
    }

    /** Whether nobody waits for the answer any more. */
    boolean abandoned() {
        return answer.isDone();
    }

    /** Whether an answer of this size is to be taken in. */
    boolean admits(int sizeBytes) {
        return memory.admits(sizeBytes);
    }

    void answerWith(AbstractResponse response) {
        answer.complete(responseType.cast(response));
    }

    void failWith(Throwable failure) {
        answer.completeExceptionally(failure);
    }
}
