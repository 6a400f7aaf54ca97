package io.millrace.common.metadata;

import io.millrace.common.database.PostgresConnections;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.NestedExceptionUtils;

/**
 * Keeps this process' image of the cluster up to date. One thread holds one connection: it asks for the cluster's version every poll
 * interval, at once when notified of a change, and reads the difference. A notification is a hint only: one that gets lost costs a poll
 * interval. While PostgreSQL is away the last image stays, and so it does while the database is another cluster's, or may have lost
 * something.
 */
public final class ImageFeed implements ClusterImages, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ImageFeed.class);

    /** An answer that takes longer counts as an outage that ended. */
    private static final Duration SLOW_ANSWER = Duration.ofMillis(500);

    private final PostgresConnections connections;
    private final MetadataSettings settings;
    private final ImageListeners listeners = new ImageListeners();
    private final Thread thread;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private volatile ClusterImage current = ClusterImage.EMPTY;
    private volatile long confirmedNanos = System.nanoTime();
    private volatile long answeringSinceNanos = System.nanoTime();
    /** When it was asked what it answered last; touched by the feed's thread alone. */
    private long answeredNanos;
    /** Whether it answered the last time, be it that its images are not taken yet. */
    private volatile boolean answering;
    private volatile boolean connected;
    private volatile boolean closed;
    private volatile @Nullable Connection connection;
    /** The cluster whose images are ignored, so that it is said once; touched by the feed's thread alone. */
    private @Nullable String ignoredClusterId;
    /** Whether images are not taken from the database, as was said; touched by the feed's thread alone. */
    private boolean doubted;
    private volatile Knowledge knowledge = Knowledge.NONE;

    public ImageFeed(PostgresConnections connections, MetadataSettings settings) {
        this.connections = connections;
        this.settings = settings;
        this.thread = Thread.ofPlatform().daemon().name("image-feed").unstarted(this::run);
    }

    public void start() {
        listeners.start();
        thread.start();
    }

    @Override
    public ClusterImage current() {
        return current;
    }

    @Override
    public boolean awaitVersion(long version, Duration timeout) throws InterruptedException {
        if (current.version() >= version) {
            return true;
        }
        long leftNanos = timeout.toNanos();
        lock.lockInterruptibly();
        try {
            while (current.version() < version) {
                if (leftNanos <= 0 || closed) {
                    return false;
                }
                leftNanos = changed.awaitNanos(leftNanos);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void subscribe(Listener listener) {
        listeners.add(listener);
    }

    @Override
    public Knowledge knowledge() {
        return knowledge;
    }

    /** How long ago the image was last known to be the newest; since the start, before the first load. */
    public Duration age() {
        return Duration.ofNanos(System.nanoTime() - confirmedNanos);
    }

    @Override
    public Duration answeredFor() {
        return answering ? Duration.ofNanos(System.nanoTime() - answeringSinceNanos) : Duration.ZERO;
    }

    /** Longer than from one poll to the end of the next when nothing is amiss. */
    private long longestPauseNanos() {
        return settings.pollInterval().multipliedBy(2).plus(SLOW_ANSWER).toNanos();
    }

    /** Whether PostgreSQL answered the last time it was asked, with this cluster's metadata. */
    public boolean isConnected() {
        return connected;
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
        abort(connection);
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        listeners.close();
    }

    private void run() {
        var backoff = settings.retryBackoff();
        while (!closed) {
            try (var opened = connections.open("millrace-images", settings.statementTimeout())) {
                connection = opened;
                follow(opened);
            } catch (SQLException | RuntimeException e) {
                backoff = connected || closed ? settings.retryBackoff()
                        : min(backoff.multipliedBy(2), settings.retryBackoffMax());
                report(e);
            } finally {
                answering = false;
                connected = false;
                connection = null;
            }
            pause(backoff);
        }
    }

    private void follow(Connection opened) throws SQLException {
        try (var statement = opened.createStatement()) {
            statement.execute("listen " + MetadataTransaction.CHANNEL);
        }
        var notifications = opened.unwrap(PGConnection.class);
        var reader = new ImageReader(opened, knowledge);
        int pollIntervalMs = Math.max(1, Math.toIntExact(settings.pollInterval().toMillis()));
        while (!closed) {
            long askedNanos = System.nanoTime();
            var image = reader.newerThan(current);
            if (image == null) {
                answered(askedNanos);
                doubt();
            } else if (isForeign(image)) {
                ignore(image);
            } else {
                // First: what somebody acts on, this process knows of.
                knowledge = reader.knowledge();
                publish(image);
                answered(askedNanos);
                confirmedNanos = askedNanos;
                ignoredClusterId = null;
                doubted = false;
                if (!connected) {
                    connected = true;
                    LOG.info("Following the cluster's metadata from version {}", current.version());
                }
            }
            notifications.getNotifications(pollIntervalMs);
        }
    }

    /** Leases are renewed from then on, also while images are in doubt. */
    private void answered(long askedNanos) {
        if (!answering || System.nanoTime() - answeredNanos > longestPauseNanos()) {
            answeringSinceNanos = System.nanoTime();
        }
        answeredNanos = askedNanos;
        answering = true;
    }

    private void doubt() {
        connected = false;
        if (!doubted) {
            doubted = true;
            LOG.warn(
                    "PostgreSQL was started anew; keeping the metadata of version {} until it is known that nothing was lost",
                    current.version());
        }
    }

    private boolean isForeign(ClusterImage image) {
        return current.version() >= 0 && !image.clusterId().equals(current.clusterId());
    }

    private void ignore(ClusterImage foreign) {
        answering = false;
        connected = false;
        if (!foreign.clusterId().equals(ignoredClusterId)) {
            ignoredClusterId = foreign.clusterId();
            LOG.error("The database holds the metadata of cluster {}, but this process belongs to cluster {}: ignored;"
                    + " keeping the metadata of version {}", foreign.clusterId(), current.clusterId(), current
                            .version());
        }
    }

    private void publish(ClusterImage image) {
        if (image == current) {
            return;
        }
        lock.lock();
        try {
            if (image.version() < current.version()) {
                LOG.warn("The metadata went back from version {} to version {}", current.version(), image.version());
            }
            current = image;
            // Before those who wait for this version go on: whoever subscribes then is told of this image first.
            listeners.publish(image);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void report(Exception e) {
        if (closed) {
            return;
        }
        if (connected) {
            LOG.warn("PostgreSQL does not answer; keeping the metadata of version {}: {}", current.version(),
                    NestedExceptionUtils.getMostSpecificCause(e).getMessage());
        } else {
            LOG.debug("PostgreSQL still does not answer", e);
        }
    }

    private void pause(Duration backoff) {
        try {
            if (!closed) {
                TimeUnit.NANOSECONDS.sleep(backoff.toNanos());
            }
        } catch (InterruptedException e) {
            // Only close() interrupts, and the loop looks at "closed" next.
        }
    }

    private static Duration min(Duration one, Duration other) {
        return one.compareTo(other) <= 0 ? one : other;
    }

    /** The thread may be waiting for an answer on it, which no interrupt ends. */
    private static void abort(@Nullable Connection connection) {
        if (connection != null) {
            try {
                connection.abort(Runnable::run);
            } catch (SQLException e) {
                LOG.debug("Could not abort the connection", e);
            }
        }
    }
}
