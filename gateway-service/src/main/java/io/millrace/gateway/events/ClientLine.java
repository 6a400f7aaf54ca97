package io.millrace.gateway.events;

import java.io.IOException;

/** The way to one client, written to by one thread. */
interface ClientLine extends EventSink {
    void flush() throws IOException;

    /** Ends what was written, where its encoding has an end. */
    void finish() throws IOException;

    /** Ends the line from another thread: a write that waits for the client fails, as far as the line can do that, and later ones do. */
    void cutOff();

    /** Whether it is known that the client has left. */
    boolean hasLeft();

    /** Whether {@link #hasLeft} knows it soon and by itself; else only a write that fails tells. */
    boolean tellsDeparture();

    /** Whether the client left before it had read all that had been sent. */
    boolean hasLost();
}
