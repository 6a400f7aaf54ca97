package io.millrace.gateway.events;

import java.io.IOException;
import java.util.function.BooleanSupplier;

/** An answer that goes on for as long as its client listens. */
interface LiveStream {
    /**
     * Writes until the stream ends or is told to stop; then the client has got whole events. Runs on a thread of its own, once.
     *
     * @param stopped whether to end as soon as possible
     * @throws IOException when the client cannot be reached any more
     */
    End writeTo(ClientLine client, BooleanSupplier stopped) throws IOException, InterruptedException;

    /** Makes the stream look at once whether it is to stop. */
    void wake();

    /** Gives back what the stream holds. Called once, after it was written or instead. */
    void close();

    /** Why a stream closed on our side. */
    enum End { STOPPED, TOPIC_CHANGED, TOO_SLOW, ANSWERED, FENCED }
}
