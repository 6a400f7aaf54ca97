package io.millrace.common.wire;

/** Decides by an answer's size whether it is taken in, before any memory is had for it. */
@FunctionalInterface
public interface ResponseMemory {
    /** Takes in whatever comes. */
    ResponseMemory UNLIMITED = _ -> true;

    /**
     * Called on the connection's reader thread, so it must not block. What was admitted stays so, even where nobody waits for the answer
     * any more.
     *
     * @return false to have the answer passed over, and the request fail with {@link ResponseRefusedException}
     */
    boolean admits(int sizeBytes);
}
