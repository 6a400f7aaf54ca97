package io.millrace.coordinator.controller;

import io.millrace.common.database.PostgresFailures;
import io.millrace.common.error.RefusedException;
import io.millrace.common.lease.LeaseGrant;
import io.millrace.common.lease.LeaseListener;
import io.millrace.common.lease.LeaseSettings;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.coordinator.controller.Election.Transition;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.stereotype.Component;

/**
 * While this coordinator is the controller: fences brokers whose lease has run out, lets those lead that are ready, and elects leaders for
 * their partitions. All of it in one transaction, and only by PostgreSQL's clock.
 */
@Component
@EnableConfigurationProperties({ControllerSettings.class, TopicSettings.class})
class BrokerWatch implements LeaseListener {
    private static final Logger LOG = LoggerFactory.getLogger(BrokerWatch.class);
    private static final Duration PRUNE_INTERVAL = Duration.ofMinutes(1);

    private final ControllerRole role;
    private final BrokerStore brokers;
    private final TopicStore topics;
    private final ControllerSettings settings;
    private final Duration grace;
    private final Semaphore wake = new Semaphore(0);
    private volatile @Nullable Thread thread;

    BrokerWatch(
            ControllerRole role,
            BrokerStore brokers,
            TopicStore topics,
            ControllerSettings settings,
            LeaseSettings leases,
            ClusterImages images) {
        this.role = role;
        this.brokers = brokers;
        this.topics = topics;
        this.settings = settings;
        this.grace = leases.ttl();
        role.add(this);
        images.subscribe((_, _) -> wake.release());
    }

    @Override
    public void acquired(LeaseGrant grant) {
        thread = Thread.ofPlatform().daemon().name("broker-watch").start(() -> watch(grant));
    }

    @Override
    public void lost(LeaseGrant grant) {
        var ended = thread;
        if (ended != null) {
            ended.interrupt();
        }
    }

    /**
     * After PostgreSQL was away, from here or for all, brokers get one TTL to renew their leases before their expiry counts: they serve
     * on without PostgreSQL, and fencing them all as it comes back would be the very outage that they avoided.
     */
    private void watch(LeaseGrant grant) {
        long reachableSinceNanos = System.nanoTime();
        long prunedNanos = System.nanoTime();
        while (grant.isHeld()) {
            try {
                boolean trustExpiry = System.nanoTime() - reachableSinceNanos >= grace.toNanos();
                step(trustExpiry);
                if (System.nanoTime() - prunedNanos >= PRUNE_INTERVAL.toNanos()) {
                    topics.pruneDeletions(settings.deletedTopicRetention().toMillis() / 1000.0);
                    prunedNanos = System.nanoTime();
                }
            } catch (RuntimeException e) {
                reachableSinceNanos = System.nanoTime();
                if (grant.isHeld()) {
                    report(e);
                }
            }
            if (!pause()) {
                return;
            }
        }
    }

    private void step(boolean trustExpiry) {
        if (Election.transition(brokers.brokers(), trustExpiry).isEmpty()) {
            return;
        }
        role.write(version -> {
            // Read again: nobody else writes metadata now.
            var transition = Election.transition(brokers.brokers(), trustExpiry);
            var elected = transition.isEmpty() ? List.<Election.Partition>of()
                    : Election.elect(transition, brokers.partitionsOf(transition.affected()));
            brokers.setFenced(transition.fence(), true, version);
            brokers.setFenced(transition.unfence(), false, version);
            if (!elected.isEmpty()) {
                brokers.update(elected, version);
            }
            report(transition, elected.size());
            return version;
        });
    }

    private static void report(Transition transition, int elections) {
        if (!transition.isEmpty()) {
            LOG.info("Fenced brokers {}, unfenced {}, ended the leadership of {}; changed {} partitions",
                    transition.fence(), transition.unfence(), transition.demoted(), elections);
        }
    }

    private static void report(RuntimeException failure) {
        if (failure instanceof RefusedException || PostgresFailures.refusal(failure) != null) {
            LOG.warn("Could not look after the brokers; trying again: {}", NestedExceptionUtils.getMostSpecificCause(
                    failure).getMessage());
        } else {
            LOG.error("Could not look after the brokers; trying again", failure);
        }
    }

    /** @return false when the watch is to end */
    private boolean pause() {
        try {
            if (wake.tryAcquire(settings.watchInterval().toMillis(), TimeUnit.MILLISECONDS)) {
                wake.drainPermits();
            }
            return true;
        } catch (InterruptedException e) {
            return false;
        }
    }
}
