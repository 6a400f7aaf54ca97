package io.millrace.common.metadata;

import java.time.Duration;

/** Where a process reads the cluster from. Never blocks on PostgreSQL. */
public interface ClusterImages {
    /** The newest image this process has. {@link ClusterImage#EMPTY} before the first load. */
    ClusterImage current();

    /**
     * Waits until the image contains the given version.
     *
     * @return whether it does within {@code timeout}
     */
    boolean awaitVersion(long version, Duration timeout) throws InterruptedException;

    /**
     * Calls the listener with the present image, once there is one, and then with newer ones, in order, on one thread. It should return
     * quickly: a listener that is behind skips to the newest image.
     */
    void subscribe(Listener listener);

    /**
     * For how long PostgreSQL has answered this process without a pause. While that is short, others may not yet have been heard after an
     * outage: that they are silent means nothing.
     */
    default Duration answeredFor() {
        return Duration.ZERO;
    }

    /** How much of the metadata's history this process has seen. */
    default Knowledge knowledge() {
        return Knowledge.NONE;
    }

    /** Told of new images; {@code previous} is what it was told last, at first {@link ClusterImage#EMPTY}. */
    @FunctionalInterface
    interface Listener {
        void imageChanged(ClusterImage previous, ClusterImage current);
    }
}
