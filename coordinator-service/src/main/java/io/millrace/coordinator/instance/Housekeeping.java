package io.millrace.coordinator.instance;

import io.millrace.common.error.RefusedException;
import io.millrace.coordinator.group.runtime.GroupMeters;
import io.millrace.coordinator.group.runtime.MonotonicClock;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.stereotype.Component;

/** Commits, or else keeps, at intervals what clients have confirmed, and forgets consumers that nobody calls any more. */
@Component
class Housekeeping implements SmartLifecycle {
    private static final Logger LOG = LoggerFactory.getLogger(Housekeeping.class);

    private final Consumers consumers;
    private final Membership membership;
    private final Positions positions;
    private final ConsumerSettings settings;
    private final GroupMeters meters;
    private final MonotonicClock clock;
    private final Semaphore attending;
    private volatile boolean running;
    private Thread thread = new Thread();

    Housekeeping(Consumers consumers, Membership membership, Positions positions, ConsumerSettings settings,
            GroupMeters meters, MonotonicClock clock) {
        this.consumers = consumers;
        this.membership = membership;
        this.positions = positions;
        this.settings = settings;
        this.attending = new Semaphore(settings.commitsAtOnce());
        this.meters = meters;
        this.clock = clock;
    }

    /** Looks at every consumer once; each that has something due gets a thread of its own, one at a time. */
    void look() {
        for (HttpConsumer consumer : consumers.all()) {
            long nowMs = clock.nowMs();
            boolean silent = isSilent(consumer);
            if (silent && !consumer.isServed()) {
                consumers.forget(consumer);
            } else if (isToAttend(consumer, silent, nowMs) && consumer.isServed() && consumer.attended.compareAndSet(
                    false, true)) {
                Thread.ofVirtual().name("consumer-" + consumer.row.instanceId()).start(() -> attend(consumer));
            }
        }
    }

    private void attend(HttpConsumer consumer) {
        attending.acquireUninterruptibly();
        try {
            // Polls go on meanwhile: the offset service may be slow, or away.
            Membership.Due due = consumer.turnstile.pass(() -> {
                consumer.committing.lock();
                return Membership.due(consumer, consumer.owned);
            });
            try {
                membership.commit(consumer, due);
            } finally {
                consumer.committing.unlock();
            }
            consumer.turnstile.pass(() -> {
                Membership.committed(consumer, due);
                if (!consumer.deleted && isSilent(consumer)) {
                    end(consumer);
                }
            });
            positions.keepSettled(consumer);
            consumer.commits.succeeded(clock.nowMs());
        } catch (RefusedException e) {
            consumer.commits.failed(clock.nowMs());
            LOG.debug("Consumer {} is looked at again: {}", consumer.row.instanceId(), e.getMessage());
        } catch (RuntimeException e) {
            consumer.commits.failed(clock.nowMs());
            LOG.warn("Group {}: looking after consumer {} failed", consumer.row.groupId(), consumer.row.instanceId(),
                    e);
        } finally {
            attending.release();
            consumer.attended.set(false);
        }
    }

    private void end(HttpConsumer consumer) {
        membership.leave(consumer);
        consumers.remove(consumer);
        meters.instancesExpired.increment();
        LOG.info("Group {}: consumer {} is forgotten, nobody called it for {} ms", consumer.row.groupId(),
                consumer.row.instanceId(), timeoutMs(consumer));
    }

    private static boolean isToAttend(HttpConsumer consumer, boolean silent, long nowMs) {
        return consumer.commits.isDue(nowMs) || silent && !consumer.commits.isFailing();
    }

    private boolean isSilent(HttpConsumer consumer) {
        return clock.nowMs() - consumer.calledAtMs >= timeoutMs(consumer);
    }

    /** Not before its session has ended: until then its partitions are its own. */
    private long timeoutMs(HttpConsumer consumer) {
        return Math.max(settings.instanceTimeout().toMillis(), consumer.row.settings().sessionTimeoutMs());
    }

    @Override
    public void start() {
        running = true;
        thread = Thread.ofVirtual().name("consumer-housekeeping").start(this::run);
    }

    private void run() {
        while (running) {
            try {
                Thread.sleep(settings.housekeepingInterval());
                look();
            } catch (InterruptedException e) {
                return;
            } catch (RuntimeException e) {
                LOG.warn("Looking after the consumers failed; trying again", e);
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
