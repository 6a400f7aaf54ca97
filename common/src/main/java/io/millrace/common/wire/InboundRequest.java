package io.millrace.common.wire;

import java.net.InetAddress;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.RequestHeader;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A request that was received and must be answered exactly once, from any thread, at any later time. What was answered second
 * is dropped and logged.
 */
public final class InboundRequest {
    private static final Logger log = LoggerFactory.getLogger(InboundRequest.class);

    private final RequestHeader header;
    private final AbstractRequest body;
    private final int frameBytes;
    private final ResponseQueue responses;
    private final InetAddress peer;
    private final long receivedNanos;
    /** Guarded by the queue's lock. */
    private boolean answered;
    /** Of the connection's reader. */
    private boolean holdsNextBack;
    private @Nullable AbstractResponse response;

    InboundRequest(RequestHeader header, AbstractRequest body, int frameBytes, ResponseQueue responses,
            InetAddress peer,
            long receivedNanos) {
        this.header = header;
        this.body = body;
        this.frameBytes = frameBytes;
        this.responses = responses;
        this.peer = peer;
        this.receivedNanos = receivedNanos;
    }

    public RequestHeader header() {
        return header;
    }

    public ApiKeys apiKey() {
        return header.apiKey();
    }

    /** The version that the client spoke, and that the answer is written in. */
    public short version() {
        return header.apiVersion();
    }

    /** Whether its answer may be many times its own size. That of a fetch is, but its records are in files. */
    boolean mayHaveLargeAnswer() {
        return switch (apiKey()) {
            case PRODUCE, FETCH, LIST_OFFSETS, OFFSET_FOR_LEADER_EPOCH, API_VERSIONS, INIT_PRODUCER_ID, OFFSET_COMMIT,
                    HEARTBEAT, CONSUMER_GROUP_HEARTBEAT, LEAVE_GROUP -> false;
            default -> true;
        };
    }

    public AbstractRequest body() {
        return body;
    }

    /** How long the frame was that it came in. */
    public int frameBytes() {
        return frameBytes;
    }

    /** The address that the request came from. */
    public InetAddress peer() {
        return peer;
    }

    /** {@link System#nanoTime} when the frame was complete. */
    public long receivedNanos() {
        return receivedNanos;
    }

    /** False once nobody reads the answer any more. */
    public boolean connectionOpen() {
        return responses.isOpen();
    }

    /**
     * Runs the action when the connection closes, or at once if it has; on another's thread, which it must not hold up. Who no longer
     * waits takes it back with {@link #removeCloseAction}.
     */
    public void addCloseAction(Runnable action) {
        responses.addCloseAction(action);
    }

    public void removeCloseAction(Runnable action) {
        responses.removeCloseAction(action);
    }

    /**
     * Keeps the connection's next request back until this one is answered. The connection is read on as far as that takes no memory, so its
     * end is seen meanwhile; a next request that is held back for too long ends it. Only before {@link RequestHandler#handle} returns.
     */
    public void holdNextBack() {
        holdsNextBack = true;
    }

    boolean holdsNextBack() {
        return holdsNextBack;
    }

    /** Answers. The response must not change afterwards. */
    public void respond(AbstractResponse answer) {
        answerOnce(answer);
    }

    /** Says that the client expects no answer (produce with acks=0). */
    public void respondNothing() {
        answerOnce(null);
    }

    /** Answers with the request's own form of an error, or with nothing where it has none. */
    public void respondError(Throwable error) {
        answerOnce(body.getErrorResponse(0, error));
    }

    /** Ends the connection instead of answering. */
    public void disconnect(String reason) {
        responses.disconnect(reason);
    }

    private void answerOnce(@Nullable AbstractResponse answer) {
        if (!responses.answer(this, answer)) {
            log.error("{} was answered twice; the second answer is dropped", header, new IllegalStateException(
                    "answered twice"));
        }
    }

    /** Called under the queue's lock. */
    boolean setAnswer(@Nullable AbstractResponse answer) {
        if (answered) {
            return false;
        }
        answered = true;
        response = answer;
        return true;
    }

    /** Called under the queue's lock. */
    boolean isAnswered() {
        return answered;
    }

    @Nullable
    AbstractResponse answer() {
        return response;
    }
}
