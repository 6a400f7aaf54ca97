package io.millrace.common.lease;

import io.millrace.common.database.PostgresConnections;
import io.millrace.common.lease.LeaseTable.Change;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.NestedExceptionUtils;

/**
 * Acquires and renews a set of named leases for this process: single ones if nobody else has them, and its {@linkplain LeaseShare even
 * share} of those that are spread over all processes. At rest that is one statement an interval, however many leases it holds; it looks
 * earlier only when another's lease has run out. Its thread is a platform thread of high
 * priority with a connection of its own: busy virtual threads or a full pool must not cost a lease.
 */
public final class LeaseKeeper implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LeaseKeeper.class);

    private static final long EXPIRY_SLACK_MS = 10;

    private final PostgresConnections connections;
    private final LeaseTiming timing;
    private final LeaseHolder holder;
    private final SortedSet<String> names;
    private final SortedSet<String> spread;
    private final LeaseListener listener;
    private final LeaseTable table;
    private final LeaseShare share;
    private final Map<String, LeaseGrant> grants = new HashMap<>();
    /** Those that are to be given back, and by when at the latest. */
    private final SortedMap<String, Long> leavingUntilNanos = new TreeMap<>();
    /** Those of which the listener says that all has ended. */
    private final Set<LeaseGrant> left = ConcurrentHashMap.newKeySet();
    private final Semaphore wake = new Semaphore(0);
    private volatile boolean closing;
    private final ExecutorService notifier;
    private final Thread thread;
    private boolean answered = true;

    /**
     * @param holder  this process
     * @param single  leases to take whenever they are free
     * @param spread  leases to take a share of
     */
    public LeaseKeeper(
            PostgresConnections connections,
            LeaseTiming timing,
            LeaseHolder holder,
            Collection<String> single,
            Collection<String> spread,
            LeaseListener listener) {
        this.connections = connections;
        this.timing = timing;
        this.holder = holder;
        this.spread = new TreeSet<>(spread);
        this.names = new TreeSet<>(spread);
        this.names.addAll(single);
        this.listener = listener;
        this.table = new LeaseTable(timing, names);
        this.share = new LeaseShare(this.spread);
        this.notifier = Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name("lease-listener")
                .factory());
        this.thread = Thread.ofPlatform().daemon().name("lease-keeper").priority(Thread.MAX_PRIORITY).unstarted(
                this::run);
    }

    public void start() {
        thread.start();
    }

    /** Gives the leases back in order, so that others take them at once. Waits at most two TTLs. */
    @Override
    public void close() {
        closing = true;
        wake.release();
        try {
            thread.join(timing.ttl().multipliedBy(2));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        notifier.shutdownNow();
    }

    private void run() {
        while (!closing) {
            try (var connection = connections.open("millrace-leases", timing.statementTimeout())) {
                keep(new LeaseStore(connection, holder, timing.ttl()));
            } catch (SQLException | RuntimeException e) {
                apply(table.unanswered(System.nanoTime()));
                report(e);
                pause(Long.MAX_VALUE);
            }
        }
        // Nothing was given back if PostgreSQL is away; then the leases run out.
        endAll();
    }

    private void keep(LeaseStore store) throws SQLException {
        while (!closing) {
            LeaseView view = renew(store);
            acquireAndGiveUp(store, view);
            if (!answered) {
                answered = true;
                LOG.info("PostgreSQL answers again");
            }
            pause(view.untilExpiryMs());
            giveBack(store);
        }
        // Before the leases are free, for others to take them all.
        store.withdraw();
        var ending = grants.values().stream().map(this::leave).toArray(CompletableFuture[]::new);
        await(CompletableFuture.allOf(ending));
        endAll();
        awaitListener();
        store.release(names);
    }

    private LeaseView renew(LeaseStore store) throws SQLException {
        long sentNanos = System.nanoTime();
        LeaseView view = store.renew(table.held(), names);
        apply(table.renewed(view.renewed(), sentNanos, System.nanoTime()));
        return view;
    }

    private void acquireAndGiveUp(LeaseStore store, LeaseView view) throws SQLException {
        var held = new TreeSet<>(grants.keySet());
        held.retainAll(spread);
        held.removeAll(leavingUntilNanos.keySet());
        var round = share.next(held, new TreeSet<>(leavingUntilNanos.keySet()), view);
        var take = new TreeSet<>(table.wanted());
        take.removeIf(name -> view.others().containsKey(name) || spread.contains(name) && !round.take().contains(name));
        if (!take.isEmpty()) {
            long sentNanos = System.nanoTime();
            apply(table.acquired(store.acquire(take), sentNanos, System.nanoTime()));
        }
        for (String name : round.giveUp()) {
            var grant = grant(name);
            LOG.info("Giving up lease {}, which is beyond an even share", grant);
            leavingUntilNanos.put(name, System.nanoTime() + timing.ttl().toNanos());
            leave(grant).whenComplete((_, _) -> {
                left.add(grant);
                wake.release();
            });
        }
    }

    /** Gives back what has been left, or was given long enough to be. */
    private void giveBack(LeaseStore store) throws SQLException {
        // One that was lost meanwhile may have been left since.
        left.retainAll(grants.values());
        var done = new ArrayList<String>();
        leavingUntilNanos.forEach((name, untilNanos) -> {
            if (left.contains(grant(name)) || System.nanoTime() - untilNanos >= 0) {
                done.add(name);
            }
        });
        if (!done.isEmpty()) {
            done.forEach(name -> {
                table.givenUp(name);
                end(name);
            });
            store.release(done);
        }
    }

    private CompletableFuture<Void> leave(LeaseGrant grant) {
        var ended = new CompletableFuture<Void>();
        tell(() -> listener.leaving(grant).whenComplete((_, _) -> ended.complete(null)));
        return ended;
    }

    private void apply(List<Change> changes) {
        for (var change : changes) {
            switch (change) {
                case Change.Acquired(String name, LeaseState.Held held) -> {
                    var grant = new LeaseGrant(name, holder.id(), held, System::nanoTime);
                    grants.put(name, grant);
                    LOG.info("Acquired lease {}", grant);
                    tell(() -> listener.acquired(grant));
                }
                case Change.Renewed(String name, LeaseState.Held held) -> grant(name).renewed(held);
                case Change.Lost(String name) -> {
                    LOG.warn("Lost lease {}", grant(name));
                    end(name);
                }
            }
        }
    }

    private LeaseGrant grant(String name) {
        var grant = grants.get(name);
        if (grant == null) {
            throw new IllegalStateException("no grant of " + name);
        }
        return grant;
    }

    private void end(String name) {
        var grant = grants.remove(name);
        leavingUntilNanos.remove(name);
        if (grant != null) {
            left.remove(grant);
            grant.ended();
            tell(() -> listener.lost(grant));
        }
    }

    private void endAll() {
        List.copyOf(grants.keySet()).forEach(this::end);
    }

    private void tell(Runnable call) {
        notifier.execute(() -> {
            try {
                call.run();
            } catch (RuntimeException e) {
                LOG.error("A lease listener failed", e);
            }
        });
    }

    /** What was begun under a lease should end before another process takes it. */
    private void await(CompletableFuture<Void> ended) {
        try {
            ended.get(timing.ttl().toMillis() / 2, TimeUnit.MILLISECONDS);
        } catch (TimeoutException | ExecutionException e) {
            LOG.warn("What was begun under the leases has not ended; they are given back nevertheless");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void awaitListener() {
        await(CompletableFuture.runAsync(() -> {}, notifier));
    }

    private void report(Exception e) {
        if (answered) {
            answered = false;
            LOG.warn("PostgreSQL does not answer; leases run out unless it is back soon: {}", NestedExceptionUtils
                    .getMostSpecificCause(e).getMessage());
        } else {
            LOG.debug("PostgreSQL still does not answer", e);
        }
    }

    /** Until the next renewal, or until shortly after the first lease of another runs out: that its rows have too is seen in one look. */
    private void pause(long untilExpiryMs) {
        long pauseMs = Math.min(timing.renewInterval().toMillis() - EXPIRY_SLACK_MS, untilExpiryMs) + EXPIRY_SLACK_MS;
        try {
            if (wake.tryAcquire(pauseMs, TimeUnit.MILLISECONDS)) {
                wake.drainPermits();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            closing = true;
        }
    }
}
