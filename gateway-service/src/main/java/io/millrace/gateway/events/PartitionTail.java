package io.millrace.gateway.events;

import io.millrace.common.record.BatchMemory;
import io.millrace.gateway.events.PartitionLogs.Fetched;
import io.millrace.gateway.events.PartitionLogs.Found;
import io.millrace.gateway.events.Subscription.SubscribedPartition;
import io.millrace.gateway.memory.MemoryBudget;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one reader of a partition's newest records on this gateway: a thread that asks the leader for more as long as some feed wants the
 * partition, renders each record once per view, and gives it to all feeds of that view. While the leader is away it tries again, and the
 * feeds rest.
 *
 * <p>The views that were cheap so far come first. Those that the time for one fetch is not enough for are not rendered here: their feeds
 * are told to go on behind it, and each of their streams reads what is missing by itself, as one that is behind does. So no filter, however
 * dear, keeps the streams of other views waiting for longer than that.
 */
final class PartitionTail {
    private static final Logger log = LoggerFactory.getLogger(PartitionTail.class);
    /** What it takes to wake a stream and have it write an event, measured. */
    private static final long REST_PER_STREAM_NANOS = 20_000;
    /** A shorter rest takes longer than it is meant to. */
    private static final long LEAST_REST_NANOS = 200_000;

    private final SubscribedPartition partition;
    private final PartitionLogs logs;
    private final RecordRendering rendering;
    private final Limits limits;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<RecordView, Viewers> viewers = new HashMap<>();
    private final Consumer<PartitionTail> onEnd;
    private final Thread reader;
    /** Of the next fetch; the viewers' own may be ahead while what was fetched is given out. */
    private long position = FeedRing.UNKNOWN;
    /** Streams that what was fetched last has woken; the reader's alone. */
    private long woken;
    private boolean away;
    /** Where reading failed last, so that it is told once. */
    private long failedAt = -1;

    /** @param onEnd told, on the reader's thread, that it reads no more, whatever the reason */
    PartitionTail(SubscribedPartition partition, PartitionLogs logs, RecordRendering rendering, Limits limits,
            Consumer<PartitionTail> onEnd) {
        this.partition = partition;
        this.logs = logs;
        this.rendering = rendering;
        this.limits = limits;
        this.onEnd = onEnd;
        this.reader = Thread.ofVirtual().name("tail-" + partition.topic() + "-" + partition.partition()).unstarted(
                this::run);
    }

    void start() {
        reader.start();
    }

    void stop() {
        reader.interrupt();
    }

    SubscribedPartition partition() {
        return partition;
    }

    /** Gives the feed all records from now on; {@code index} is the partition's in the feed's subscription. */
    void attach(Feed feed, int index) {
        lock.lock();
        try {
            var same = viewers.computeIfAbsent(feed.key().view(), view -> new Viewers(view, position));
            same.attachments.add(new Attachment(feed, index));
            if (same.position != FeedRing.UNKNOWN) {
                feed.startAt(index, same.position);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Returns whether no feed is left. */
    boolean detach(Feed feed) {
        lock.lock();
        try {
            var view = feed.key().view();
            var same = viewers.get(view);
            if (same != null) {
                same.attachments.removeIf(attachment -> attachment.feed() == feed);
                if (same.attachments.isEmpty()) {
                    viewers.remove(view);
                }
            }
            return viewers.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    /** Ends the feeds: nothing will come of this partition any more. */
    void endFeeds() {
        lock.lock();
        try {
            viewers.values().forEach(same -> same.attachments.forEach(attachment -> attachment.feed().end()));
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
        } catch (Error e) {
            log.error("{}: the reader ends; its streams' clients come back to another", partition, e);
        } finally {
            onEnd.accept(this);
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
            case Found.Gone() -> false;
            case Found.Away(String reason) -> waitForLeader(reason);
        };
    }

    private boolean read() throws InterruptedException {
        try (var share = new StreamShare(limits.memory())) {
            return read(share);
        }
    }

    private boolean read(StreamShare share) throws InterruptedException {
        return switch (logs.fetch(partition, position, limits.fetchBytes(), limits.longPoll(), share)) {
            case Fetched.Records(ByteBuffer records) -> publish(records, share);
            // The leader knows more than when it refused.
            case Fetched.OutOfRange(long logStart, long end) when position >= logStart && position <= end ->
                waitForLeader("the offset was out of range for a moment");
            case Fetched.OutOfRange(long logStart, long end) -> {
                log.warn("{}: offset {} is outside the log, which holds {} to {}", partition, position, logStart, end);
                move(position < logStart ? logStart : end);
                yield true;
            }
            case Fetched.Gone() -> false;
            case Fetched.Away(String reason) -> waitForLeader(reason);
        };
    }

    private boolean publish(ByteBuffer records, BatchMemory memory) throws InterruptedException {
        if (records.hasRemaining()) {
            long next = giveToViewers(records, memory);
            if (next == position) {
                return waitForLeader("there is no memory to decompress them");
            }
            move(next);
            rest();
        }
        noteBack();
        return true;
    }

    /**
     * What comes meanwhile goes to many streams with one wake-up each instead of several, which is what they cost: for about as long as they
     * need for what they were just given. What comes after a pause is not held up.
     */
    private void rest() throws InterruptedException {
        long restNanos = Math.min(woken * REST_PER_STREAM_NANOS, limits.rest().toNanos());
        woken = 0;
        if (restNanos >= LEAST_REST_NANOS) {
            TimeUnit.NANOSECONDS.sleep(restNanos);
        }
    }

    /** Returns the next offset to read, the same as before when there was no memory. */
    private long giveToViewers(ByteBuffer records, BatchMemory memory) {
        var sorted = cheapestFirst();
        if (sorted.isEmpty()) {
            return position;
        }
        long next = FeedRing.UNKNOWN;
        RuntimeException failure = null;
        long deadlineNanos = System.nanoTime() + limits.renderTime().toNanos();
        for (var same : sorted) {
            if (next != FeedRing.UNKNOWN && System.nanoTime() - deadlineNanos >= 0) {
                break;
            }
            long begunNanos = System.nanoTime();
            var runs = new ArrayList<RenderedRecords>();
            try {
                // Given out only when all of it could be read: what is read again would be given twice.
                long to = rendering.render(partition, same.view, records, position, memory, runs::add);
                next = next == FeedRing.UNKNOWN ? to : next;
                // A view that came to less than the others, or more, is left to its streams.
                if (to == next) {
                    give(same, runs, next);
                }
            } catch (RuntimeException e) {
                failure = e;
            } finally {
                same.lastNanosPerByte = (double) (System.nanoTime() - begunNanos) / records.remaining();
            }
        }
        if (failure != null) {
            if (next == FeedRing.UNKNOWN) {
                throw failure;
            }
            log.warn("{}: records from offset {} cannot be shown in one of the views", partition, position, failure);
        }
        return next;
    }

    private List<Viewers> cheapestFirst() {
        lock.lock();
        try {
            var sorted = new ArrayList<>(viewers.values());
            sorted.sort(Comparator.comparingDouble(same -> same.lastNanosPerByte));
            return sorted;
        } finally {
            lock.unlock();
        }
    }

    private void give(Viewers same, List<RenderedRecords> runs, long next) {
        lock.lock();
        try {
            for (var attachment : same.attachments) {
                runs.forEach(run -> woken += attachment.feed().append(attachment.index(), run));
            }
            same.position = next;
        } finally {
            lock.unlock();
        }
    }

    /** Goes on at {@code to}, and with it all feeds that are not there yet. */
    private void move(long to) {
        lock.lock();
        try {
            boolean back = position != FeedRing.UNKNOWN && to < position;
            position = to;
            for (var same : viewers.values()) {
                if (same.position != to) {
                    same.moveTo(to, back);
                }
            }
        } finally {
            lock.unlock();
        }
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
     * @param rest       longest pause after a fetch that woke streams
     * @param renderTime for the views of what one fetch gave; a view begun is ended, and one at least is rendered
     * @param memory     for what all readers have fetched and decompressed
     */
    record Limits(int fetchBytes, Duration longPoll, Duration retryWait, Duration rest, Duration renderTime,
            MemoryBudget memory) {}

    private record Attachment(Feed feed, int index) {}

    /** The feeds of one view. */
    private static final class Viewers {
        private final RecordView view;
        private final List<Attachment> attachments = new ArrayList<>();
        /** What follows in the feeds holds the partition from here on. */
        private long position;
        /** The reader's alone. A view that was never rendered comes last. */
        private double lastNanosPerByte = Double.MAX_VALUE;

        private Viewers(RecordView view, long position) {
            this.view = view;
            this.position = position;
        }

        private void moveTo(long to, boolean back) {
            position = to;
            for (var attachment : attachments) {
                if (back) {
                    attachment.feed().moveBack(attachment.index(), to);
                } else {
                    attachment.feed().startAt(attachment.index(), to);
                }
            }
        }
    }
}
