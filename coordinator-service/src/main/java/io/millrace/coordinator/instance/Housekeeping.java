package io.millrace.coordinator.instance;

import java.util.concurrent.Semaphore;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.stereotype.Component;

import io.millrace.common.error.RefusedException;
import io.millrace.coordinator.group.runtime.GroupMeters;
import io.millrace.coordinator.group.runtime.MonotonicClock;

/** Commits at intervals what clients have confirmed, and forgets consumers that nobody calls any more. */
@Component
class Housekeeping implements SmartLifecycle {
    private static final Logger LOG = LoggerFactory.getLogger(Housekeeping.class);

    private final Consumers consumers;
    private final Membership membership;
    private final ConsumerSettings settings;
    private final GroupMeters meters;
    private final MonotonicClock clock;
    private final Semaphore attending;
    private volatile boolean running;
    private Thread thread = new Thread();

    Housekeeping(Consumers consumers, Membership membership, ConsumerSettings settings, GroupMeters meters,
            MonotonicClock clock) {
        this.consumers = consumers;
        this.membership = membership;
        this.settings = settings;
        this.attending = new Semaphore(settings.commitsAtOnce());
        this.meters = meters;
        this.clock = clock;
    }

    /** Looks at every consumer once; each that has something due gets a thread of its own, one at a time. */
    void look() {
        for (HttpConsumer consumer : consumers.all()) {
            long nowMs = clock.nowMs();
            boolean silent = nowMs - consumer.calledAtMs >= settings.instanceTimeout().toMillis();
            boolean commits = nowMs - consumer.committedAtMs >= settings.autoCommitInterval().toMillis();
            if (silent && !consumer.isServed()) {
                consumers.forget(consumer);
            } else if ((silent || commits) && consumer.isServed() && consumer.attended.compareAndSet(false, true)) {
                Thread.ofVirtual().name("consumer-" + consumer.row.instanceId()).start(() -> attend(consumer));
            }
        }
    }

    private void attend(HttpConsumer consumer) {
        attending.acquireUninterruptibly();
        try {
            consumer.turnstile.pass(() -> {
                if (consumer.deleted) {
                    return;
                }
                consumer.committedAtMs = clock.nowMs();
                membership.commitConfirmed(consumer, consumer.owned);
                if (clock.nowMs() - consumer.calledAtMs >= settings.instanceTimeout().toMillis()) {
                    membership.leave(consumer);
                    consumers.remove(consumer);
                    meters.instancesExpired.increment();
                    LOG.info("Group {}: consumer {} is forgotten, nobody called it for {}", consumer.row.groupId(),
                            consumer.row.instanceId(), settings.instanceTimeout());
                }
            });
        } catch (RefusedException e) {
            LOG.debug("Consumer {} is looked at again: {}", consumer.row.instanceId(), e.getMessage());
        } catch (RuntimeException e) {
            LOG.warn("Group {}: looking after consumer {} failed", consumer.row.groupId(), consumer.row.instanceId(),
                    e);
        } finally {
            attending.release();
            consumer.attended.set(false);
        }
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
