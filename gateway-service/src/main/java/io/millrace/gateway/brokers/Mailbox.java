package io.millrace.gateway.brokers;

import java.util.Set;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Where a waiting thread is brought what came for it; what is posted runs on that thread, so that its state has one owner. */
final class Mailbox implements AutoCloseable {
    private static final Runnable NOTHING = () -> {};

    private final LinkedBlockingQueue<Runnable> posts = new LinkedBlockingQueue<>();
    private final Set<Mailbox> open;

    Mailbox(Set<Mailbox> open) {
        this.open = open;
    }

    void post(Runnable post) {
        posts.add(post);
    }

    /** Something may have changed. */
    void wake() {
        posts.add(NOTHING);
    }

    /** Runs all that has come; when nothing has, waits for it, at most until the deadline. */
    void await(long deadlineNanos) throws InterruptedException {
        @Nullable
        Runnable post = posts.poll(deadlineNanos - System.nanoTime(), TimeUnit.NANOSECONDS);
        while (post != null) {
            post.run();
            post = posts.poll();
        }
    }

    @Override
    public void close() {
        open.remove(this);
    }
}
