package io.millrace.gateway.producer;

import org.jspecify.annotations.Nullable;

/** Where the gateway's producer ids come from. */
interface Identities {
    /**
     * The id to use, or null while there is none; then it is being asked for.
     *
     * @param exhausted an id that is not to be used
     */
    @Nullable
    ProducerId current(long exhausted);

    /** Asks ahead, so that the first records need not wait for it. */
    void ask();
}
