package io.millrace.common.lease;

import io.millrace.common.database.PostgresConnections;
import io.millrace.common.lease.LeaseTable.Change;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.NestedExceptionUtils;

/**
 * Acquires and renews a set of named leases for this process, as many of them as nobody else has. Its thread is a platform thread of high
 * priority with a connection of its own: busy virtual threads or a full pool must not cost a lease.
 */
public final class LeaseKeeper implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LeaseKeeper.class);

    private final PostgresConnections connections;
    private final LeaseTiming timing;
    private final String holder;
    private final String baseUrl;
    private final List<String> names;
    private final LeaseListener listener;
    private final LeaseTable table;
    private final Map<String, LeaseGrant> grants = new HashMap<>();
    private final CountDownLatch closing = new CountDownLatch(1);
    private final ExecutorService notifier;
    private final Thread thread;
    private boolean answered = true;

    /**
     * @param holder  identifies this run of this process: one that starts again is another holder
     * @param baseUrl where the holder's HTTP API is, for the cluster image
     */
    public LeaseKeeper(
            PostgresConnections connections,
            LeaseTiming timing,
            String holder,
            String baseUrl,
            Collection<String> names,
            LeaseListener listener) {
        this.connections = connections;
        this.timing = timing;
        this.holder = holder;
        this.baseUrl = baseUrl;
        this.names = List.copyOf(names);
        this.listener = listener;
        this.table = new LeaseTable(timing, names);
        this.notifier = Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name("lease-listener")
                .factory());
        this.thread = Thread.ofPlatform().daemon().name("lease-keeper").priority(Thread.MAX_PRIORITY).unstarted(
                this::run);
    }

    public void start() {
        thread.start();
    }

    /** Gives the leases back, so that others take them at once, after the listener was told that they are lost. Waits at most one TTL. */
    @Override
    public void close() {
        closing.countDown();
        try {
            thread.join(timing.ttl());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        notifier.shutdownNow();
    }

    private void run() {
        while (closing.getCount() > 0) {
            try (var connection = connections.open("millrace-leases", timing.statementTimeout())) {
                keep(new LeaseStore(connection, holder, baseUrl, timing.ttl()));
            } catch (SQLException | RuntimeException e) {
                apply(table.unanswered(System.nanoTime()));
                report(e);
                pause();
            }
        }
        // Nothing was given back if PostgreSQL is away; then the leases run out.
        endAll();
    }

    private void keep(LeaseStore store) throws SQLException {
        while (closing.getCount() > 0) {
            renew(store);
            acquire(store);
            if (!answered) {
                answered = true;
                LOG.info("PostgreSQL answers again");
            }
            pause();
        }
        endAll();
        awaitListener();
        store.release(names);
    }

    private void renew(LeaseStore store) throws SQLException {
        var held = table.held();
        if (!held.isEmpty()) {
            long sentNanos = System.nanoTime();
            apply(table.renewed(store.renew(held), sentNanos, System.nanoTime()));
        }
    }

    private void acquire(LeaseStore store) throws SQLException {
        var wanted = table.wanted();
        if (!wanted.isEmpty()) {
            long sentNanos = System.nanoTime();
            apply(table.acquired(store.acquire(wanted), sentNanos, System.nanoTime()));
        }
    }

    private void apply(List<Change> changes) {
        for (var change : changes) {
            switch (change) {
                case Change.Acquired(String name, LeaseState.Held held) -> {
                    var grant = new LeaseGrant(name, holder, held, System::nanoTime);
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
        if (grant != null) {
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
    private void awaitListener() {
        notifier.shutdown();
        try {
            if (!notifier.awaitTermination(timing.ttl().toMillis() / 2, TimeUnit.MILLISECONDS)) {
                LOG.warn("The lease listener is still busy; the leases are given back nevertheless");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
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

    private void pause() {
        try {
            closing.await(timing.renewInterval().toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            closing.countDown();
        }
    }
}
