package io.millrace.coordinator.listener;

import java.time.Duration;
import org.apache.kafka.common.errors.CoordinatorLoadInProgressException;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.MessageSizeAccumulator;
import org.apache.kafka.common.protocol.ObjectSerializationCache;

/**
 * How much of what one request asks of many groups is done for it: the rest is told that the coordinator still loads, at which clients ask
 * again for just that. So no request, whatever it names, holds up a connection's reader for long or takes much memory for its answer, and
 * who asks for more than fits gets it bit by bit.
 */
final class AnswerRoom {
    /** Groups of one request that are looked at where that costs no call; as many as a coordinator has by default. */
    static final int MAX_DESCRIBED = 10_000;
    /** Groups of one request for which PostgreSQL or the offset service is asked. */
    static final int MAX_ASKED = 1_000;
    /** Of one answer, as it is written; one group more may be in it. */
    static final int MAX_BYTES = 16 << 20;
    /** Below what clients wait for an answer ({@code request.timeout.ms}, 30 s). */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final int maxGroups;
    private final long maxBytes;
    private final long deadlineNanos;
    private int groups;
    private long bytes;

    AnswerRoom(int maxGroups, long maxBytes, long deadlineNanos) {
        this.maxGroups = maxGroups;
        this.maxBytes = maxBytes;
        this.deadlineNanos = deadlineNanos;
    }

    static AnswerRoom forGroups(int maxGroups) {
        return new AnswerRoom(maxGroups, MAX_BYTES, System.nanoTime() + PATIENCE.toNanos());
    }

    /**
     * Before each group.
     *
     * @throws CoordinatorLoadInProgressException where it is to be asked for again
     */
    void enter() {
        if (!tryEnter()) {
            throw new CoordinatorLoadInProgressException("one answer does not hold them all: ask again for this one");
        }
    }

    /** Takes the room for one more, if there is any. */
    boolean tryEnter() {
        return groups++ < maxGroups && bytes < maxBytes && System.nanoTime() - deadlineNanos <= 0;
    }

    /** After each group that is in the answer. */
    <T extends Message> T took(T part, short version) {
        var size = new MessageSizeAccumulator();
        part.addSize(size, new ObjectSerializationCache(), version);
        bytes += size.totalSize();
        return part;
    }
}
