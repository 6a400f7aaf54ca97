package io.millrace.coordinator.group.runtime;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.stereotype.Component;

/** Looks through the groups at every interval. A long gap between two looks means that we were away, not the members. */
@Component
class ExpiryLoop implements SmartLifecycle {
    private static final Logger LOG = LoggerFactory.getLogger(ExpiryLoop.class);
    private static final int INTERVALS_MISSED_WHEN_AWAY = 8;

    private final GroupExpiry expiry;
    private final long intervalMs;
    private volatile boolean running;
    private Thread thread = new Thread();

    ExpiryLoop(GroupExpiry expiry, GroupSettings settings) {
        this.expiry = expiry;
        this.intervalMs = settings.expiryInterval().toMillis();
    }

    @Override
    public void start() {
        running = true;
        thread = Thread.ofVirtual().name("group-expiry").start(this::run);
    }

    private void run() {
        long lookedAtMs = MonotonicClock.SYSTEM.nowMs();
        while (running) {
            try {
                Thread.sleep(intervalMs);
                long nowMs = MonotonicClock.SYSTEM.nowMs();
                expiry.tick(nowMs - lookedAtMs > INTERVALS_MISSED_WHEN_AWAY * intervalMs);
                lookedAtMs = nowMs;
            } catch (InterruptedException e) {
                return;
            } catch (RuntimeException e) {
                LOG.warn("Looking through the groups failed; trying again", e);
            }
        }
    }

    @Override
    public void stop() {
        running = false;
        thread.interrupt();
    }

    @Override
    public boolean isRunning() {
        return running;
    }
}
