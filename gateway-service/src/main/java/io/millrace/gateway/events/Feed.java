package io.millrace.gateway.events;

import io.millrace.gateway.events.FeedRing.Join;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A {@link FeedRing} between the partitions' readers, which take turns to add to it, and the streams, which follow it without a lock and
 * are woken when there is more.
 */
final class Feed {
    private final FeedKey key;
    private final ReentrantLock lock = new ReentrantLock();
    private final FeedRing ring;
    private final AtomicReference<@Nullable Waiter> waiting = new AtomicReference<>();
    private volatile long totalBytes;
    private volatile boolean ended;

    Feed(FeedKey key, FeedRing ring) {
        this.key = key;
        this.ring = ring;
    }

    FeedKey key() {
        return key;
    }

    void startAt(int partition, long position) {
        change(() -> ring.startAt(partition, position));
    }

    void moveBack(int partition, long position) {
        change(() -> ring.moveBack(partition, position));
    }

    /** Returns how many streams it woke. */
    int append(int partition, RenderedRecords records) {
        return change(() -> ring.append(partition, records));
    }

    Join join() {
        lock.lock();
        try {
            return ring.join();
        } finally {
            lock.unlock();
        }
    }

    /** Bytes of records that went through. */
    long totalBytes() {
        return totalBytes;
    }

    /** Its streams are to close: a topic is gone or has got more partitions. */
    boolean isEnded() {
        return ended;
    }

    void end() {
        change(() -> ended = true);
    }

    void clear() {
        change(ring::clear);
    }

    /**
     * Lets the stream sleep until the feed changes. Returns early now and then, so the caller looks again.
     *
     * @param waiter   the stream's own, always the same
     * @param cursor   where the stream stands
     * @param maxNanos longest wait
     */
    void await(Waiter waiter, StreamCursor cursor, long maxNanos) {
        if (!waiter.queued) {
            waiter.queued = true;
            waiting.getAndUpdate(first -> {
                waiter.next = first;
                return waiter;
            });
        }
        if (!cursor.hasNext() && !ended) {
            LockSupport.parkNanos(this, maxNanos);
        }
    }

    /** The stream closes: nothing of it is kept until the feed changes, which may be never. */
    void leave(Waiter leaving) {
        lock.lock();
        try {
            if (!leaving.queued) {
                return;
            }
            // Under the lock, so that no change comes between that would find nobody to wake.
            Waiter kept = null;
            Waiter lastKept = null;
            var waiter = waiting.getAndSet(null);
            while (waiter != null) {
                var following = waiter.next;
                waiter.next = null;
                if (waiter != leaving) {
                    waiter.next = kept;
                    kept = waiter;
                    lastKept = lastKept == null ? waiter : lastKept;
                }
                waiter = following;
            }
            if (lastKept != null) {
                putBack(kept, lastKept);
            }
        } finally {
            lock.unlock();
        }
    }

    private void putBack(@Nullable Waiter first, Waiter last) {
        waiting.getAndUpdate(others -> {
            last.next = others;
            return first;
        });
    }

    /** Streams that would be woken by a change now. */
    int waiters() {
        lock.lock();
        try {
            int count = 0;
            for (var waiter = waiting.get(); waiter != null; waiter = waiter.next) {
                count++;
            }
            return count;
        } finally {
            lock.unlock();
        }
    }

    private int change(Runnable change) {
        Waiter first;
        lock.lock();
        try {
            change.run();
            totalBytes = ring.totalBytes();
            first = waiting.getAndSet(null);
        } finally {
            lock.unlock();
        }
        return wake(first);
    }

    private static int wake(@Nullable Waiter first) {
        int woken = 0;
        var waiter = first;
        while (waiter != null) {
            // Read before the stream may queue itself again.
            var following = waiter.next;
            waiter.next = null;
            waiter.queued = false;
            LockSupport.unpark(waiter.thread);
            waiter = following;
            woken++;
        }
        return woken;
    }

    /** A stream's place in the queue of those to wake; used by the stream's thread and whoever wakes it, never by two at a time. */
    static final class Waiter {
        private final Thread thread;
        private volatile boolean queued;
        private @Nullable Waiter next;

        Waiter(Thread thread) {
            this.thread = thread;
        }

        void wake() {
            LockSupport.unpark(thread);
        }
    }
}
