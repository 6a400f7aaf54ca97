package io.millrace.broker.listener;

import io.millrace.broker.partition.GrowthListener;
import io.millrace.broker.partition.Partition;
import io.millrace.broker.partition.ReadLimit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/** The thread of one fetch, parked until its partitions have grown by enough. */
final class FetchWait implements GrowthListener {
    private final Thread thread;
    private final ReadLimit limit;
    private final List<Partition> partitions = new ArrayList<>();
    private final AtomicInteger grownBytes = new AtomicInteger();
    private volatile int awaitedBytes = 1;
    private volatile boolean changed;

    /** @param limit how far it may read, so what it waits for */
    FetchWait(Thread thread, ReadLimit limit) {
        this.thread = thread;
        this.limit = limit;
    }

    void register(Partition partition) {
        partitions.add(partition);
        partition.addListener(this, limit);
    }

    void deregister() {
        partitions.forEach(partition -> partition.removeListener(this, limit));
    }

    /** Returns when about so many bytes can be read that could not at the last call, when leadership changed, or at the deadline. */
    void await(int bytes, long deadlineNanos) {
        awaitedBytes = bytes;
        long leftNanos;
        while (grownBytes.get() < bytes && !changed && (leftNanos = deadlineNanos - System.nanoTime()) > 0) {
            LockSupport.parkNanos(this, leftNanos);
        }
        grownBytes.set(0);
        changed = false;
    }

    @Override
    public void grew(int bytes) {
        if (grownBytes.addAndGet(bytes) >= awaitedBytes) {
            LockSupport.unpark(thread);
        }
    }

    @Override
    public void leadershipChanged() {
        wake();
    }

    @Override
    public void startMoved() {
        wake();
    }

    void wake() {
        changed = true;
        LockSupport.unpark(thread);
    }
}
