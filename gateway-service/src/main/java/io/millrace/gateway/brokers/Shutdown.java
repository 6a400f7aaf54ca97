package io.millrace.gateway.brokers;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.springframework.context.SmartLifecycle;
import org.springframework.stereotype.Component;

/**
 * The end of this gateway, told first of all when it begins: whoever makes a client wait answers it at once with what there is, so that the
 * client goes on elsewhere.
 */
@Component
public final class Shutdown implements SmartLifecycle {
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private volatile boolean begun;
    private volatile boolean running;

    public boolean hasBegun() {
        return begun;
    }

    /** @param listener told once when it has begun; it must not wait */
    public void onBegin(Runnable listener) {
        listeners.add(listener);
    }

    @Override
    public void start() {
        begun = false;
        running = true;
    }

    @Override
    public void stop() {
        running = false;
        begun = true;
        listeners.forEach(Runnable::run);
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    /** Before the web server, which waits for its requests to end. */
    @Override
    public int getPhase() {
        return Integer.MAX_VALUE;
    }
}
