package io.millrace.gateway.events;

import io.millrace.common.record.BatchMemory;
import io.millrace.common.record.CorruptBatchException;
import io.millrace.gateway.events.LiveStream.End;
import io.millrace.gateway.events.PartitionLogs.Fetched;
import io.millrace.gateway.events.Subscription.SubscribedPartition;
import io.millrace.gateway.memory.MemoryBudget;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One subscriber. Runs on the request's thread, which is the only writer of the response: a write that blocks holds this stream back and
 * no other.
 */
final class EventStream {
    private static final Logger log = LoggerFactory.getLogger(EventStream.class);
    /** Entries of the feed that are written before a partition that is behind gets its turn. */
    private static final int ENTRIES_PER_TURN = 64;

    private final List<SubscribedPartition> partitions;
    private final RecordView view;
    private final Feed feed;
    private final PartitionLogs logs;
    private final RecordRendering rendering;
    private final Limits limits;
    private final CatchUp catchUp;
    private final ClientLine client;
    private final StreamCursor cursor;
    private final Feed.Waiter waiter = new Feed.Waiter(Thread.currentThread());
    private final long[] notBefore;
    private boolean unflushed;
    private boolean caughtUp;
    private long lastWriteNanos = System.nanoTime();
    private long nextCheckpointNanos = lastWriteNanos;
    private long writtenBytes;
    private int turn;
    /** Partitions of which nobody knows yet whether they have something for the client. */
    private final BitSet unseen = new BitSet();
    private int lookBytes = Integer.MAX_VALUE;

    EventStream(Feed feed, long[] positions, PartitionLogs logs, RecordRendering rendering, Limits limits,
            CatchUp catchUp, ClientLine client) {
        var subscription = feed.key().subscription();
        this.partitions = subscription.partitions();
        this.view = feed.key().view();
        this.feed = feed;
        this.logs = logs;
        this.rendering = rendering;
        this.limits = limits;
        this.catchUp = catchUp;
        this.client = client;
        this.cursor = new StreamCursor(subscription, positions, feed.join(), new Counted());
        this.notBefore = new long[positions.length];
        Arrays.fill(notBefore, lastWriteNanos);
        this.turn = catchUp.firstTurn(positions.length);
        this.unseen.set(0, positions.length);
    }

    /**
     * Writes events until the client leaves (an {@link IOException}), the stream is told to stop, its feed ends or the client reads too
     * slowly. The client has then got whole events, and can resume after the last of them.
     *
     * @param lost     what an earlier stream of the client had read and a deleted topic took with it
     * @param patience how long the client waits
     */
    End run(List<Loss> lost, Patience patience, BooleanSupplier stopped) throws IOException, InterruptedException {
        write(EventBlocks.retry(limits.clientRetry().toMillis()));
        cursor.writeId();
        for (var loss : lost) {
            cursor.lose(loss.partition(), loss.requested(), loss.available());
        }
        if (!patience.isEndless()) {
            lookBytes = (int) Math.max(1, limits.pollBytes() / partitions.size());
        }
        confirmPositions();
        while (true) {
            boolean progressed = followFeed();
            progressed |= fetchBehind();
            if (!caughtUp && cursor.isAtTail()) {
                caughtUp = true;
                cursor.writeCaughtUp();
            }
            if (stopped.getAsBoolean()) {
                return finish(End.STOPPED);
            }
            if (feed.isEnded()) {
                return finish(End.TOPIC_CHANGED);
            }
            if (cursor.lagBytes(feed.totalBytes()) > limits.maxLagBytes()) {
                return finish(End.TOO_SLOW);
            }
            boolean hasAnswer = cursor.records() > 0 && (!progressed || writtenBytes >= limits.pollBytes());
            if (patience.isOver(hasAnswer) && (hasLookedAround() || patience.overdueNanos() > limits.heartbeat()
                    .toNanos())) {
                return finish(End.ANSWERED);
            }
            if (!progressed) {
                rest(patience);
            }
        }
    }

    /** Makes the stream look at once whether it is to stop. */
    void wake() {
        waiter.wake();
    }

    /** Has the feed forget the stream, which does not run any more. */
    void leave() {
        feed.leave(waiter);
    }

    private boolean followFeed() throws IOException {
        int entries = 0;
        while (entries < ENTRIES_PER_TURN && cursor.advance()) {
            entries++;
        }
        return entries > 0;
    }

    private boolean fetchBehind() throws IOException, InterruptedException {
        int partition = nextReadyBehind();
        if (partition < 0) {
            return false;
        }
        turn = partition;
        flush();
        return fetch(partition);
    }

    /** Before the feed brings what came in the place of records that the client has seen and the log has lost. */
    private void confirmPositions() throws IOException, InterruptedException {
        for (int partition = 0; partition < notBefore.length; partition++) {
            if (cursor.isDoubtful(partition)) {
                fetch(partition);
            }
        }
    }

    private boolean fetch(int partition) throws IOException, InterruptedException {
        try (var grant = catchUp.next()) {
            if (grant == null) {
                return pause(partition);
            }
            int maxBytes = unseen.get(partition) ? Math.min(lookBytes, grant.fetchBytes()) : grant.fetchBytes();
            unseen.clear(partition);
            return switch (logs.fetch(partitions.get(partition), cursor.position(partition), maxBytes, Duration.ZERO,
                    grant
                            .share())) {
                case Fetched.Records(ByteBuffer records) when records.hasRemaining() -> {
                    cursor.confirm(partition);
                    yield write(partition, records, grant.share());
                }
                // The leader knows more than when it refused.
                case Fetched.OutOfRange(long logStart, long end) when cursor.position(partition) >= logStart
                        && cursor.position(partition) <= end -> pause(partition);
                case Fetched.OutOfRange(long logStart, long end) -> {
                    long requested = cursor.position(partition);
                    cursor.lose(partition, requested, requested < logStart ? logStart : end);
                    yield true;
                }
                // An empty answer: the leader does not know yet that what the feed has is replicated.
                case Fetched.Records _ -> {
                    cursor.confirm(partition);
                    yield pause(partition);
                }
                case Fetched.Away _,Fetched.Gone _ -> pause(partition);
            };
        }
    }

    /** Whether each partition has been asked for what the feed does not bring. A client that waits for a moment only is to get its share of all. */
    private boolean hasLookedAround() {
        for (int partition = unseen.nextSetBit(0); partition >= 0; partition = unseen.nextSetBit(partition + 1)) {
            if (cursor.isBehind(partition)) {
                return false;
            }
            unseen.clear(partition);
        }
        return true;
    }

    private boolean pause(int partition) {
        notBefore[partition] = System.nanoTime() + limits.retryWait().toNanos();
        return false;
    }

    private int nextReadyBehind() {
        int first = cursor.nextBehind(turn);
        int candidate = first;
        long now = System.nanoTime();
        while (candidate >= 0 && now - notBefore[candidate] < 0) {
            candidate = cursor.nextBehind(candidate);
            if (candidate == first) {
                return -1;
            }
        }
        return candidate;
    }

    private boolean write(int partition, ByteBuffer records, BatchMemory memory) throws IOException {
        long from = cursor.position(partition);
        try {
            rendering.render(partitions.get(partition), view, records, from, memory, run -> {
                cursor.fetched(partition, run);
                return true;
            });
            if (cursor.position(partition) == from) {
                // There was no memory to decompress them.
                return pause(partition);
            }
        } catch (CorruptBatchException e) {
            // The other partitions go on; retention or a repair may take the batch away.
            log.warn("{}: records from offset {} cannot be read: {}", partitions.get(partition), cursor.position(
                    partition),
                    e.getMessage());
            notBefore[partition] = System.nanoTime() + limits.heartbeat().toNanos();
        }
        return cursor.position(partition) > from;
    }

    private void rest(Patience patience) throws IOException {
        cursor.rest();
        long checkpointNanos = checkpoint();
        long idleNanos = System.nanoTime() - lastWriteNanos;
        long heartbeatNanos = limits.heartbeat().toNanos();
        if (idleNanos >= heartbeatNanos) {
            write(EventBlocks.heartbeat());
            idleNanos = 0;
        }
        flush();
        boolean waitsForLeader = cursor.nextBehind(0) >= 0;
        feed.await(waiter, cursor, Math.min(Math.min(heartbeatNanos - idleNanos, checkpointNanos), Math.min(patience
                .leftNanos(), waitsForLeader ? limits.retryWait().toNanos() : Long.MAX_VALUE)));
    }

    /** Tells the client how far it has come where no record does, now and then; returns when to look again. */
    private long checkpoint() throws IOException {
        if (!cursor.isUnnamed()) {
            return Long.MAX_VALUE;
        }
        long now = System.nanoTime();
        if (now - nextCheckpointNanos < 0) {
            return nextCheckpointNanos - now;
        }
        cursor.writeId();
        cursor.rest();
        nextCheckpointNanos = now + limits.checkpoint().toNanos();
        return Long.MAX_VALUE;
    }

    private End finish(End end) throws IOException {
        if (cursor.isUnnamed()) {
            cursor.writeId();
        }
        flush();
        return end;
    }

    private void write(byte[] block) throws IOException {
        client.write(block, block.length);
        unflushed = true;
    }

    private void flush() throws IOException {
        cursor.drain();
        if (unflushed) {
            client.flush();
            unflushed = false;
            lastWriteNanos = System.nanoTime();
        }
    }

    private final class Counted implements EventSink {
        @Override
        public void write(byte[] bytes, int length) throws IOException {
            client.write(bytes, length);
            writtenBytes += length;
            unflushed = true;
        }

        @Override
        public void writeShared(FeedEntry.Content content) throws IOException {
            client.writeShared(content);
            writtenBytes += content.blocks().length;
            unflushed = true;
        }
    }

    /** A partition whose topic was made anew since the client was last here. */
    record Loss(int partition, long requested, long available) {}

    /**
     * @param heartbeat   a comment is written after so long without anything else
     * @param clientRetry what the client is told to wait before it comes back
     * @param retryWait   pause before a partition without a leader is asked again
     * @param maxLagBytes a stream further behind its feed is closed
     * @param checkpoint  pause between two ids that come without a record
     * @param pollBytes   a client that waits for an answer has enough of it, if there was something of each partition
     */
    record Limits(Duration heartbeat, Duration clientRetry, Duration retryWait, long maxLagBytes, Duration checkpoint,
            long pollBytes) {}

    /**
     * What streams that are behind may fetch at a time: a good deal for as many as there are grants, a little for the others and while memory
     * is scarce, and nothing while there is none. What was fetched counts until it is written, so that slow readers can neither take the
     * gateway's memory nor, as long as they take anything, keep others from catching up.
     */
    static final class CatchUp {
        private final Semaphore grants;
        private final int fetchBytes;
        private final int smallFetchBytes;
        private final MemoryBudget memory;
        private final AtomicInteger turns = new AtomicInteger();

        CatchUp(int grants, int fetchBytes, int smallFetchBytes, MemoryBudget memory) {
            this.memory = memory;
            this.grants = new Semaphore(grants);
            this.fetchBytes = fetchBytes;
            this.smallFetchBytes = smallFetchBytes;
        }

        /** Before which partition a stream begins: another for each, so that one that ends soon does not leave out always the same. */
        int firstTurn(int partitions) {
            return Math.floorMod(turns.getAndIncrement(), partitions);
        }

        /** Null while there is no memory. */
        @Nullable
        Grant next() {
            boolean isLarge = !memory.isScarce() && grants.tryAcquire();
            var grant = new Grant(isLarge ? fetchBytes : smallFetchBytes, new StreamShare(memory), isLarge
                    ? grants::release
                    : () -> {});
            if (!grant.share.tryReserveAhead(grant.fetchBytes)) {
                grant.close();
                return null;
            }
            return grant;
        }

        /** @param share what the fetch and what comes of it are counted in */
        record Grant(int fetchBytes, StreamShare share, Runnable onClose) implements AutoCloseable {
            @Override
            public void close() {
                share.close();
                onClose.run();
            }
        }
    }
}
