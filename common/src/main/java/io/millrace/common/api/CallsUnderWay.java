package io.millrace.common.api;

import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.ClusterImages;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Calls that wait for an answer. When the image comes to name another than the one asked, the caller is interrupted: one that was paused,
 * or whose machine is gone, answers nothing, and nobody need wait out the read timeout to see it. A call that cannot be made again at the
 * other has a grace: who gave its role up in order may just be answering.
 */
final class CallsUnderWay implements AutoCloseable {
    /** One call of one thread. */
    static final class Call {
        private final Thread caller = Thread.currentThread();
        private final String baseUrl;
        private final Function<ClusterImage, List<String>> inCharge;
        private final Duration grace;
        private @Nullable Long replacedSinceNanos;
        private boolean ended;
        private boolean replaced;

        private Call(String baseUrl, Function<ClusterImage, List<String>> inCharge, Duration grace) {
            this.baseUrl = baseUrl;
            this.inCharge = inCharge;
            this.grace = grace;
        }

        private synchronized void look(ClusterImage image, long nowNanos) {
            var named = inCharge.apply(image);
            if (named.isEmpty() || named.contains(baseUrl)) {
                replacedSinceNanos = null;
                return;
            }
            long sinceNanos = replacedSinceNanos == null ? nowNanos : replacedSinceNanos;
            replacedSinceNanos = sinceNanos;
            if (!ended && !replaced && nowNanos - sinceNanos >= grace.toNanos()) {
                replaced = true;
                caller.interrupt();
            }
        }

        /** From here on it is not interrupted; an interrupt that came too late must not hit what the thread does next. */
        private synchronized boolean end() {
            ended = true;
            if (replaced) {
                Thread.interrupted();
            }
            return replaced;
        }
    }

    private final ClusterImages images;
    private final Duration interval;
    private final Set<Call> calls = ConcurrentHashMap.newKeySet();
    private final Thread thread = Thread.ofPlatform().daemon().name("calls-under-way").unstarted(this::run);
    private volatile boolean closed;

    /** @param interval from one look at the image to the next */
    CallsUnderWay(ClusterImages images, Duration interval) {
        this.images = images;
        this.interval = interval;
        thread.start();
    }

    /**
     * @param inCharge base URLs that an image names for it
     * @param grace    how long an answer is still waited for once the image names others
     */
    Call begin(String baseUrl, Function<ClusterImage, List<String>> inCharge, Duration grace) {
        var call = new Call(baseUrl, inCharge, grace);
        calls.add(call);
        return call;
    }

    /** Answers whether the one asked was replaced meanwhile. */
    boolean end(Call call) {
        calls.remove(call);
        return call.end();
    }

    private void run() {
        while (!closed) {
            LockSupport.parkNanos(interval.toNanos());
            if (!calls.isEmpty()) {
                var image = images.current();
                calls.forEach(call -> call.look(image, System.nanoTime()));
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
    }
}
