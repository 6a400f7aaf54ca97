package io.millrace.gateway.events;

import io.millrace.gateway.events.PartitionLogs.Fetched;
import io.millrace.gateway.events.PartitionLogs.Found;
import io.millrace.gateway.events.Subscription.SubscribedPartition;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one reader of a partition's newest records on this gateway: a thread that asks the leader for more as long as some feed wants the
 * partition, renders each record once per view, and gives it to all feeds. While the leader is away it tries again, and the feeds rest.
 */
final class PartitionTail {
    private static final Logger log = LoggerFactory.getLogger(PartitionTail.class);

    private final SubscribedPartition partition;
    private final PartitionLogs logs;
    private final RecordRendering rendering;
    private final Limits limits;
    private final ReentrantLock lock = new ReentrantLock();
    private final List<Attachment> attachments = new ArrayList<>();
    private final Thread reader;
    private long position = FeedRing.UNKNOWN;
    private boolean away;
    /** Where reading failed last, so that it is told once. */
    private long failedAt = -1;

    PartitionTail(SubscribedPartition partition, PartitionLogs logs, RecordRendering rendering, Limits limits) {
        this.partition = partition;
        this.logs = logs;
        this.rendering = rendering;
        this.limits = limits;
        this.reader = Thread.ofVirtual().name("tail-" + partition.topic() + "-" + partition.partition()).unstarted(
                this::run);
    }

    void start() {
        reader.start();
    }

    void stop() {
        reader.interrupt();
    }

    /** Gives the feed all records from now on; {@code index} is the partition's in the feed's subscription. */
    void attach(Feed feed, int index) {
        lock.lock();
        try {
            attachments.add(new Attachment(feed, index));
            if (position != FeedRing.UNKNOWN) {
                feed.startAt(index, position);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Returns whether no feed is left. */
    boolean detach(Feed feed) {
        lock.lock();
        try {
            attachments.removeIf(attachment -> attachment.feed() == feed);
            return attachments.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        try {
            boolean more = true;
            while (more) {
                more = step();
            }
        } catch (InterruptedException e) {
            log.debug("Reader of {} stopped", partition);
        }
    }

    private boolean step() throws InterruptedException {
        try {
            return position == FeedRing.UNKNOWN ? begin() : read();
        } catch (RuntimeException e) {
            // A batch that cannot be read, most likely. The subscriptions stay: retention or a repair may take it away.
            if (position != failedAt) {
                failedAt = position;
                log.error("{}: reading at offset {} failed; it is tried again and again", partition, position, e);
            } else {
                log.debug("{}: reading at offset {} failed again", partition, position, e);
            }
            return waitForLeader("failed");
        }
    }

    private boolean begin() throws InterruptedException {
        return switch (logs.find(partition, new StartPosition.Latest())) {
            case Found.Offset(long end) -> {
                move(end);
                yield true;
            }
            case Found.Gone() -> end();
            case Found.Away(String reason) -> waitForLeader(reason);
        };
    }

    private boolean read() throws InterruptedException {
        return switch (logs.fetch(partition, position, limits.fetchBytes(), limits.longPoll())) {
            case Fetched.Records(ByteBuffer records) -> publish(records);
            case Fetched.OutOfRange(long logStart, long end) -> {
                log.warn("{}: offset {} is outside the log, which holds {} to {}", partition, position, logStart, end);
                move(position < logStart ? logStart : end);
                yield true;
            }
            case Fetched.Gone() -> end();
            case Fetched.Away(String reason) -> waitForLeader(reason);
        };
    }

    private boolean publish(ByteBuffer records) {
        noteBack();
        if (!records.hasRemaining()) {
            return true;
        }
        lock.lock();
        try {
            long next = position;
            var rendered = new LinkedHashMap<RecordView, List<RenderedRecords>>();
            for (var attachment : attachments) {
                rendered.computeIfAbsent(attachment.feed().key().view(), _ -> new ArrayList<>());
            }
            // Given out only when all of it could be read: what is read again would be given twice.
            for (var entry : rendered.entrySet()) {
                next = rendering.render(partition, entry.getKey(), records, position, entry.getValue()::add);
            }
            rendered.forEach((view, runs) -> runs.forEach(run -> give(view, run)));
            position = next;
            return true;
        } finally {
            lock.unlock();
        }
    }

    private void give(RecordView view, RenderedRecords run) {
        for (var attachment : attachments) {
            if (attachment.feed().key().view().equals(view)) {
                attachment.feed().append(attachment.index(), run);
            }
        }
    }

    private void move(long to) {
        lock.lock();
        try {
            boolean back = position != FeedRing.UNKNOWN && to < position;
            position = to;
            for (var attachment : attachments) {
                if (back) {
                    attachment.feed().moveBack(attachment.index(), to);
                } else {
                    attachment.feed().startAt(attachment.index(), to);
                }
            }
        } finally {
            lock.unlock();
        }
    }

    private boolean end() {
        lock.lock();
        try {
            attachments.forEach(attachment -> attachment.feed().end());
        } finally {
            lock.unlock();
        }
        return false;
    }

    private boolean waitForLeader(String reason) throws InterruptedException {
        if (!away) {
            away = true;
            log.info("{}: no records for now: {}", partition, reason);
        }
        Thread.sleep(limits.retryWait());
        return true;
    }

    private void noteBack() {
        if (away) {
            away = false;
            log.info("{}: reading again", partition);
        }
    }

    /**
     * @param fetchBytes most bytes of one fetch
     * @param longPoll   longest wait of a fetch for records
     * @param retryWait  pause after a failed fetch
     */
    record Limits(int fetchBytes, Duration longPoll, Duration retryWait) {}

    private record Attachment(Feed feed, int index) {}
}
