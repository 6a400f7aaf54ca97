package io.millrace.broker.recovery;

import io.millrace.broker.partition.Partition;
import io.millrace.broker.partition.Partitions;
import io.millrace.broker.storage.LogDirectory;
import io.millrace.common.incarnation.LogReport;
import io.millrace.common.incarnation.LogReports;
import io.millrace.common.metadata.BrokerImage;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.metadata.Incarnation;
import io.millrace.common.metadata.PartitionImage;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.apache.kafka.common.Uuid;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reports the logs of partitions that are recovering, once in each incarnation and registration (docs/spec, R16). To be told of images after
 * the {@link Partitions}: by the image that begins an incarnation these give up all that they led and followed, so that a log that is
 * reported gets nothing more in an older epoch.
 *
 * <p>Reported are only logs that have lost nothing since they were last in sync, which it keeps account of in the data directory.
 */
public final class LogReporter implements ClusterImages.Listener, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LogReporter.class);

    private static final Duration RETRY = Duration.ofMillis(200);

    private record Name(Uuid topicId, int index) {}

    /** What is to be told under one registration in one incarnation. */
    private record Account(int incarnation, long brokerEpoch) {
        static final Account NONE = new Account(0, -1);
    }

    private final int brokerId;
    private final LongSupplier brokerEpoch;
    private final Partitions partitions;
    private final LogDirectory logs;
    private final LogReports reports;
    private final Semaphore wake = new Semaphore(0);
    private final Thread thread = Thread.ofPlatform().name("log-reporter").daemon().unstarted(this::run);
    /** Guarded by this, as all below: the account that is being given, what was told in it, and what is to be. */
    private Account account = Account.NONE;
    private final Set<Name> told = new HashSet<>();
    private final Map<Name, LogReport> due = new HashMap<>();
    private boolean wholeChanged;
    private volatile boolean closed;

    /** @param brokerEpoch of this broker's present registration */
    public LogReporter(int brokerId, LongSupplier brokerEpoch, Partitions partitions, LogDirectory logs,
            LogReports reports) {
        this.brokerId = brokerId;
        this.brokerEpoch = brokerEpoch;
        this.partitions = partitions;
        this.logs = logs;
        this.reports = reports;
        thread.start();
    }

    @Override
    public synchronized void imageChanged(ClusterImage previous, ClusterImage current) {
        BrokerImage self = current.brokers().get(brokerId);
        if (closed || self == null || self.epoch() != brokerEpoch.getAsLong()) {
            return;
        }
        for (Partition partition : partitions.all()) {
            PartitionImage image = partition.image();
            if (image == null) {
                continue;
            }
            boolean inSync = image.isr().contains(brokerId) && !self.tailLost();
            boolean isNew = !previous.clusterId().isEmpty() && previous.topic(partition.topicId()) == null
                    && !image.recovering();
            if ((inSync || isNew) && logs.replicas().markWhole(partition.topicId(), partition.index())) {
                wholeChanged = true;
            }
            boolean givenUp = partition.leadership().leaderEpoch() >= image.leaderEpoch();
            if (image.recovering() && image.leader() == PartitionImage.NO_LEADER && givenUp) {
                consider(partition, new Account(Incarnation.of(image.leaderEpoch()), self.epoch()));
            }
        }
        if (wholeChanged || !due.isEmpty()) {
            wake.release();
        }
    }

    private void consider(Partition partition, Account asked) {
        if (!asked.equals(account)) {
            account = asked;
            told.clear();
            due.clear();
        }
        Name name = new Name(partition.topicId(), partition.index());
        if (!told.contains(name) && logs.replicas().isWhole(name.topicId(), name.index())) {
            due.put(name, new LogReport(name.topicId(), name.index(), partition.log().joinedEpoch(), partition.log()
                    .logEndOffset()));
        }
    }

    private void run() {
        try {
            while (!closed) {
                wake.acquire();
                wake.drainPermits();
                while (!closed && !settle()) {
                    wake.tryAcquire(RETRY.toMillis(), TimeUnit.MILLISECONDS);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** False if it has to be tried again. */
    private boolean settle() {
        Account given;
        Map<Name, LogReport> sent;
        boolean remember;
        synchronized (this) {
            given = account;
            sent = Map.copyOf(due);
            remember = wholeChanged;
            wholeChanged = false;
        }
        try {
            if (remember) {
                logs.replicas().rememberWhole();
            }
            if (sent.isEmpty()) {
                return true;
            }
            List<LogReport> all = new ArrayList<>(sent.values());
            if (!reports.report(brokerId, given.brokerEpoch(), given.incarnation(), all)) {
                // The next image tells under which epoch, and in which incarnation, to try again.
                return true;
            }
            LOG.info("PostgreSQL went back to an older state: told it of {} logs, in incarnation {}", all.size(), given
                    .incarnation());
        } catch (UncheckedIOException e) {
            LOG.error("the data directory cannot remember which logs are whole", e);
            return true;
        } catch (RuntimeException e) {
            LOG.warn("{} logs could not be reported; it is tried again: {}", sent.size(), e.getMessage());
            return false;
        }
        synchronized (this) {
            if (given.equals(account)) {
                told.addAll(sent.keySet());
                due.keySet().removeAll(sent.keySet());
            }
        }
        return true;
    }

    @Override
    public void close() {
        closed = true;
        wake.release();
        try {
            thread.join(RETRY);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
