package io.millrace.coordinator.instance;

import io.millrace.common.error.RefusedException;
import io.millrace.coordinator.group.runtime.Shard;
import io.millrace.coordinator.group.runtime.ShardListener;
import io.millrace.coordinator.group.runtime.Shards;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/**
 * Commits, or else keeps, what clients have confirmed before their shard goes to another coordinator in order, which knows only that. As
 * much as it gets done while the lease is held; the rest is delivered again, as after a crash.
 */
@Component
class Farewell implements ShardListener {
    private static final Logger LOG = LoggerFactory.getLogger(Farewell.class);
    private static final long LOOK_MS = 20;

    private final Consumers consumers;
    private final Membership membership;
    private final Positions positions;
    private final ConsumerSettings settings;

    Farewell(Consumers consumers, Membership membership, Positions positions, ConsumerSettings settings,
            Shards shards) {
        this.consumers = consumers;
        this.membership = membership;
        this.positions = positions;
        this.settings = settings;
        shards.listen(this);
    }

    @Override
    public void shardLeaving(Shard shard) {
        var leaving = consumers.all().stream().filter(consumer -> consumer.shard == shard).toList();
        var attending = new Semaphore(settings.commitsAtOnce());
        var pending = new CountDownLatch(leaving.size());
        for (HttpConsumer consumer : leaving) {
            Thread.ofVirtual().name("farewell-" + consumer.row.instanceId()).start(() -> {
                attending.acquireUninterruptibly();
                try {
                    commit(consumer, shard);
                } finally {
                    attending.release();
                    pending.countDown();
                }
            });
        }
        try {
            while (shard.isHeld() && !pending.await(LOOK_MS, TimeUnit.MILLISECONDS)) {
                // Until all is committed, or would not be accepted any more.
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void commit(HttpConsumer consumer, Shard shard) {
        if (!shard.isHeld()) {
            return;
        }
        try {
            consumer.turnstile.pass(() -> membership.commitConfirmed(consumer, consumer.owned));
            positions.keepSettled(consumer);
        } catch (RefusedException e) {
            LOG.info("Group {}: what consumer {} confirmed last is delivered again, for it could not be committed: {}",
                    consumer.row.groupId(), consumer.row.instanceId(), e.getMessage());
        } catch (RuntimeException e) {
            LOG.warn("Group {}: committing what consumer {} confirmed last failed", consumer.row.groupId(),
                    consumer.row.instanceId(), e);
        }
    }
}
