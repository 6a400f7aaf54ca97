package io.millrace.common.metadata;

import io.millrace.common.metadata.ClusterImages.Listener;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells listeners of new images, on one thread beside the feed's so that a slow listener does not age the image. A listener that is behind
 * is told only the newest image, with what it was told last as the previous one; hence nothing queues up.
 */
final class ImageListeners implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ImageListeners.class);

    private static final class Subscription {
        final Listener listener;
        ClusterImage told = ClusterImage.EMPTY;

        Subscription(Listener listener) {
            this.listener = listener;
        }
    }

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition work = lock.newCondition();
    private final List<Subscription> subscriptions = new ArrayList<>();
    private final Thread thread = Thread.ofPlatform().daemon().name("image-listeners").unstarted(this::run);
    private ClusterImage newest = ClusterImage.EMPTY;
    private boolean pending;
    private boolean closed;

    void start() {
        thread.start();
    }

    void add(Listener listener) {
        lock.lock();
        try {
            subscriptions.add(new Subscription(listener));
            signal();
        } finally {
            lock.unlock();
        }
    }

    void publish(ClusterImage image) {
        lock.lock();
        try {
            newest = image;
            signal();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            signal();
        } finally {
            lock.unlock();
        }
    }

    private void signal() {
        pending = true;
        work.signal();
    }

    private void run() {
        while (true) {
            List<Subscription> told;
            ClusterImage image;
            lock.lock();
            try {
                while (!pending && !closed) {
                    work.awaitUninterruptibly();
                }
                if (closed) {
                    return;
                }
                pending = false;
                told = List.copyOf(subscriptions);
                image = newest;
            } finally {
                lock.unlock();
            }
            for (var subscription : told) {
                tell(subscription, image);
            }
        }
    }

    private static void tell(Subscription subscription, ClusterImage image) {
        if (subscription.told == image) {
            return;
        }
        var previous = subscription.told;
        subscription.told = image;
        try {
            subscription.listener.imageChanged(previous, image);
        } catch (RuntimeException e) {
            LOG.error("A listener failed at metadata version {}", image.version(), e);
        }
    }
}
