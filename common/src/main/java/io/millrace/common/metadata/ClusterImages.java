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

    /** Calls the listener with the present image and then with each newer one, in order, on one thread. It must return quickly. */
    void subscribe(Listener listener);

    /** Told of each new image. */
    @FunctionalInterface
    interface Listener {
        void imageChanged(ClusterImage previous, ClusterImage current);
    }
}
