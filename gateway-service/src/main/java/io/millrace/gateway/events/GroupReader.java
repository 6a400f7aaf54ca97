package io.millrace.gateway.events;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.record.CorruptBatchException;
import io.millrace.gateway.brokers.Brokers;
import io.millrace.gateway.brokers.FetchFrom;
import io.millrace.gateway.brokers.FetchLimits;
import io.millrace.gateway.brokers.Fetched;
import io.millrace.gateway.brokers.OffsetQuery;
import io.millrace.gateway.brokers.OffsetRange;
import io.millrace.gateway.brokers.Topics;
import io.millrace.gateway.events.GroupPartitions.Source;
import io.millrace.gateway.events.Subscription.SubscribedPartition;
import io.millrace.gateway.memory.MemoryBudget;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.common.Uuid;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads what a group's stream may read, and renders it. Counts what it has read until it hears that the client has taken it, or is not to
 * get it; while other streams' clients leave no memory for more, it waits instead of reading.
 */
final class GroupReader {
    private static final Logger log = LoggerFactory.getLogger(GroupReader.class);
    /** What each partition gets at least, however many there are. */
    private static final int LEAST_FETCH_BYTES = 16 * 1024;
    /** What is rendered of one fetch is no more than so many times as much as was to be fetched, but for one run: compressed batches may be. */
    private static final int MOST_GROWTH = 8;

    private final Brokers fetches;
    private final Brokers lookups;
    private final Topics topics;
    private final RecordRendering rendering;
    private final RecordView view;
    private final MemoryBudget memory;
    private final StreamShare share;
    private final Limits limits;

    /**
     * @param start      where partitions begin of which the group has committed nothing: {@link OffsetQuery#EARLIEST} or {@code LATEST}
     * @param fetchBytes most that is read at a time
     * @param retryWait  how long a partition without a leader is left alone
     * @param repairWait how long one is left alone whose records cannot be read
     */
    record Limits(long start, int fetchBytes, Duration retryWait, Duration repairWait) {}

    /**
     * @param fetches asks a leader that is away once
     * @param lookups asks it for a while
     */
    GroupReader(Brokers fetches, Brokers lookups, Topics topics, RecordRendering rendering, RecordView view,
            MemoryBudget memory, Limits limits) {
        this.memory = memory;
        this.share = new StreamShare(memory);
        this.fetches = fetches;
        this.lookups = lookups;
        this.topics = topics;
        this.rendering = rendering;
        this.view = view;
        this.limits = limits;
    }

    /**
     * What came of reading.
     *
     * @param isNothingToRead whether no partition could be asked at all, so that it took no time
     */
    record Read(long records, boolean isNothingToRead) {}

    /** Finds where to begin in partitions that were granted without a position; those whose leaders are away wait for the next time. */
    void begin(GroupPartitions partitions) throws InterruptedException {
        var unknown = partitions.all().stream().filter(source -> !source.hasPosition() && isPresent(source)).toList();
        if (unknown.isEmpty()) {
            return;
        }
        try {
            var found = lookups.offsets(unknown.stream().map(source -> new OffsetQuery(source.partition().topic(),
                    source.partition().partition(), limits.start())).toList());
            for (int i = 0; i < found.size(); i++) {
                unknown.get(i).beginAt(found.get(i).offset());
            }
        } catch (RefusedException refusal) {
            if (!refusal.code().isRetriable() && refusal.code().httpStatus() != 404) {
                throw refusal;
            }
        }
    }

    /** Reads all partitions, and waits until there is something in any. */
    Read read(GroupPartitions partitions, Duration wait, GroupBlocks blocks) throws InterruptedException {
        recount(blocks);
        if (memory.usedBytes() >= memory.limitBytes()) {
            LockSupport.parkNanos(this, wait.toNanos());
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            return new Read(0, false);
        }
        long now = System.nanoTime();
        var wanted = partitions.inTurn().stream().filter(source -> source.hasPosition() && isPresent(source) && !source
                .isPaused(now)).toList();
        if (wanted.isEmpty()) {
            return new Read(0, true);
        }
        int fetchBytes = isMemoryScarce() ? Math.min(limits.fetchBytes, LEAST_FETCH_BYTES) : limits.fetchBytes;
        int partitionBytes = Math.max(fetchBytes / wanted.size(), Math.min(fetchBytes, LEAST_FETCH_BYTES));
        var fetched = fetches.fetch(wanted.stream().map(source -> new FetchFrom(source.partition().topic(), source
                .partition().partition(), source.next())).toList(), new FetchLimits(wait, fetchBytes, partitionBytes,
                        false, share));
        long fetchedBytes = 0;
        for (var each : fetched) {
            fetchedBytes += each.hasRecords() ? each.records().remaining() : 0;
        }
        long records = 0;
        for (int i = 0; i < fetched.size() && !isMuch(blocks); i++) {
            share.hold(fetchedBytes + blocks.heldBytes());
            records += take(wanted.get(i), fetched.get(i), blocks);
        }
        recount(blocks);
        return new Read(records, false);
    }

    /** What was read is with the client, or is not given out, except what the blocks still hold. */
    void recount(GroupBlocks blocks) {
        share.hold(blocks.heldBytes());
    }

    /** Whether what readers hold is so much that others may have to wait. */
    boolean isMemoryScarce() {
        return memory.isScarce();
    }

    /** Nothing is read any more, and nothing that was is held. */
    void close() {
        share.close();
    }

    private long take(Source source, Fetched fetched, GroupBlocks blocks) throws InterruptedException {
        // Looked at again: the answer may be of a topic that took the other's place meanwhile.
        if (!isPresent(source)) {
            return 0;
        }
        return switch (fetched.error()) {
            case null -> {
                if (fetched.highWatermark() >= 0) {
                    source.endsAt(fetched.highWatermark());
                }
                yield fetched.hasRecords() ? render(source, fetched, blocks) : 0;
            }
            case ErrorCode.OFFSET_OUT_OF_RANGE -> {
                goOnWhereThereIs(source, fetched, blocks);
                yield 0;
            }
            // Its leader is away, or it was deleted, which the coordinator learns by itself: the others are served.
            case ErrorCode _ -> {
                source.pauseUntil(System.nanoTime() + limits.retryWait.toNanos());
                yield 0;
            }
        };
    }

    private boolean isMuch(GroupBlocks blocks) {
        return blocks.size() >= (long) MOST_GROWTH * limits.fetchBytes;
    }

    private long render(Source source, Fetched fetched, GroupBlocks blocks) {
        var partition = new SubscribedPartition(source.partition().topic(), Uuid.fromString(source.topicId()), source
                .partition().partition());
        var count = new long[1];
        long from = source.next();
        try {
            rendering.<RuntimeException>render(partition, view, fetched.records(), from, share, run -> {
                blocks.records(run);
                source.readTo(run.to());
                count[0] += run.count();
                return !isMuch(blocks);
            });
            if (source.next() == from) {
                // There was no memory to decompress them.
                source.pauseUntil(System.nanoTime() + limits.retryWait.toNanos());
            }
        } catch (CorruptBatchException e) {
            // The other partitions go on; retention or a repair may take the batch away.
            log.warn("{}: records from offset {} cannot be read: {}", source.partition(), source.next(), e
                    .getMessage());
            source.pauseUntil(System.nanoTime() + limits.repairWait.toNanos());
        }
        return count[0];
    }

    /** Tells the client that what it should get next is not in the log. */
    private void goOnWhereThereIs(Source source, Fetched fetched, GroupBlocks blocks) throws InterruptedException {
        var partition = source.partition();
        OffsetRange range;
        try {
            range = lookups.rangeOf(fetched);
        } catch (RefusedException refusal) {
            source.pauseUntil(System.nanoTime() + limits.retryWait.toNanos());
            return;
        }
        long requested = source.next();
        if (range.contains(requested)) {
            return;
        }
        long available = requested < range.start() ? range.start() : range.end();
        blocks.gap(partition, requested, available);
        source.readTo(available);
    }

    private boolean isPresent(Source source) {
        var topic = topics.image().topic(source.partition().topic());
        return topic != null && topic.id().equals(Uuid.fromString(source.topicId()));
    }
}
