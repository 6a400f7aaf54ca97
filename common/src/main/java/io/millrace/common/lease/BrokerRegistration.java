package io.millrace.common.lease;

import io.millrace.common.database.PostgresConnections;
import io.millrace.common.metadata.Knowledge;
import java.io.UncheckedIOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.dao.DataAccessException;

/**
 * Registers a broker and renews its one lease. The broker starts fenced; it leads once it said that it is {@link #ready} and the
 * controller took note. While PostgreSQL is away the broker stays registered, for nothing can be decided over its head then either; when
 * it is back, the lease is renewed under the same epoch, or, if another incarnation has taken the id meanwhile, or an administrator has
 * removed the broker, it is told so.
 *
 * <pre>
 *  waiting ---> registered (fenced) --ready--> registered (ready) --leave--> registered (leaving) --close--> deregistered
 *     | ^             |                              |                             |
 *     | |             +--- the row is not ours any more: registers again under a new epoch, if the id is free
 *     v v             +--- the row says so: removed
 *  id in use
 * </pre>
 */
public final class BrokerRegistration implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(BrokerRegistration.class);

    private final PostgresConnections connections;
    private final LeaseTiming timing;
    private final BrokerIdentity identity;
    private final Supplier<Knowledge> knowledge;
    private final LongConsumer onRegistered;
    private final Consumer<RegistrationEndedException> onEnded;
    private final UUID incarnation = UUID.randomUUID();
    private final Semaphore wake = new Semaphore(0);
    private final CompletableFuture<Long> firstEpoch = new CompletableFuture<>();
    private final Thread thread = Thread.ofPlatform().daemon().name("broker-lease").priority(Thread.MAX_PRIORITY)
            .unstarted(this::run);
    private volatile long epoch = -1;
    private volatile boolean ready;
    private volatile boolean leaving;
    private volatile boolean closing;
    /** The epoch under which PostgreSQL knows that the broker is leaving. */
    private long leavingEpoch = -1;
    /** The epoch under which PostgreSQL knows that the broker is ready. */
    private long readyEpoch = -1;
    private boolean answered = true;

    /** @param onEnded called when another broker took the id of this one while it ran, or this one was removed; it should stop */
    public BrokerRegistration(
            PostgresConnections connections,
            LeaseTiming timing,
            BrokerIdentity identity,
            Consumer<RegistrationEndedException> onEnded) {
        this(connections, timing, identity, () -> Knowledge.NONE, _ -> {}, onEnded);
    }

    /**
     * @param knowledge    how much of the metadata's history this process has seen, presented to each PostgreSQL that it meets
     * @param onRegistered told of the epoch of each registration, on the thread that renews the lease, before anybody can know of it from
     *                     this object: the data directory must remember it (see {@link BrokerIdentity#lastEpoch}). If it throws an
     *                     {@link UncheckedIOException}, the broker stays fenced and registers again
     * @param onEnded      called when another broker took the id of this one while it ran, or this one was removed; it should stop
     */
    public BrokerRegistration(
            PostgresConnections connections,
            LeaseTiming timing,
            BrokerIdentity identity,
            Supplier<Knowledge> knowledge,
            LongConsumer onRegistered,
            Consumer<RegistrationEndedException> onEnded) {
        this.connections = connections;
        this.timing = timing;
        this.identity = identity;
        this.knowledge = knowledge;
        this.onRegistered = onRegistered;
        this.onEnded = onEnded;
    }

    /**
     * Starts registering, and waits until it is done. A predecessor that died is waited for until its lease has run out.
     *
     * @return the broker's epoch
     * @throws BrokerIdInUseException if another incarnation keeps renewing its lease
     * @throws TimeoutException if PostgreSQL did not answer in time; the registration goes on being tried
     */
    public long start(Duration timeout) throws InterruptedException, TimeoutException {
        if (thread.getState() == Thread.State.NEW) {
            thread.start();
        }
        try {
            return firstEpoch.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RegistrationEndedException ended) {
                throw ended;
            }
            throw new IllegalStateException(e.getCause());
        }
    }

    /** The epoch of the present registration, -1 before the first. Rises when the broker had to register again. */
    public long epoch() {
        return epoch;
    }

    /** The broker has recovered its logs and listens: it may lead. */
    public void ready() {
        ready = true;
        wake.release();
    }

    /**
     * The broker is about to end: the controller is to hand its leadership over, and take it out of the in-sync replicas wherever others
     * remain. Returns at once; the image tells when it is done. Cannot be taken back but by a new registration.
     */
    public void leave() {
        leaving = true;
        wake.release();
    }

    /** Ends the registration at once, so that nobody waits for the lease to run out. Waits at most one TTL. */
    @Override
    public void close() {
        closing = true;
        wake.release();
        try {
            if (thread.getState() != Thread.State.NEW) {
                thread.join(timing.ttl());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        try {
            while (!closing) {
                try (var connection = connections.open("millrace-broker-lease", timing.statementTimeout())) {
                    keep(new BrokerLeaseStore(connection, identity, incarnation, timing.ttl()));
                } catch (SQLException | DataAccessException e) {
                    report(e);
                    pause();
                } catch (UncheckedIOException e) {
                    LOG.error("The data directory of broker {} cannot remember its epoch; the broker stays fenced",
                            identity.id(), e);
                    pause();
                }
            }
        } catch (RegistrationEndedException e) {
            LOG.error(e.getMessage());
            if (!firstEpoch.completeExceptionally(e)) {
                onEnded.accept(e);
            }
        }
    }

    private void keep(BrokerLeaseStore store) {
        store.present(knowledge.get());
        while (!closing) {
            if (epoch < 0 || !store.renew(epoch)) {
                register(store);
            }
            if (ready && readyEpoch != epoch) {
                store.ready(epoch);
                readyEpoch = epoch;
            }
            if (leaving && leavingEpoch != epoch) {
                store.leave(epoch);
                leavingEpoch = epoch;
            }
            if (!answered) {
                answered = true;
                LOG.info("PostgreSQL answers again; the lease of broker {} is renewed", identity.id());
            }
            pause();
        }
        if (epoch >= 0) {
            store.deregister(epoch);
        }
    }

    /** Tries for one TTL and two renewals: a lease that still runs then is being renewed. */
    private void register(BrokerLeaseStore store) {
        long deadlineNanos = System.nanoTime() + timing.ttl().plus(timing.renewInterval().multipliedBy(2)).toNanos();
        while (!closing) {
            if (store.isRemoved()) {
                throw new BrokerRemovedException("Broker " + identity.id()
                        + " was removed from the cluster while it did not answer. It has no replicas any more; started again it is a member with none.");
            }
            var registered = store.register(Math.max(epoch, 0));
            if (registered.isPresent()) {
                onRegistered.accept(registered.get());
                epoch = registered.get();
                LOG.info("Registered broker {} under epoch {}", identity.id(), epoch);
                firstEpoch.complete(epoch);
                return;
            }
            if (System.nanoTime() - deadlineNanos >= 0) {
                throw new BrokerIdInUseException("Broker id " + identity.id() + " is in use by " + store.holder()
                        + ", which renews its lease. Give one of the two another id, or stop that one.");
            }
            pause();
        }
    }

    private void report(Exception e) {
        if (answered) {
            answered = false;
            LOG.warn("PostgreSQL does not answer; broker {} serves on: {}", identity.id(), NestedExceptionUtils
                    .getMostSpecificCause(e).getMessage());
        } else {
            LOG.debug("PostgreSQL still does not answer", e);
        }
    }

    private void pause() {
        try {
            if (wake.tryAcquire(timing.renewInterval().toMillis(), TimeUnit.MILLISECONDS)) {
                wake.drainPermits();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            closing = true;
        }
    }
}
