package io.millrace.gateway.events;

import io.millrace.gateway.events.FeedEntry.Content;
import io.millrace.gateway.events.FeedRing.Join;
import io.millrace.gateway.events.Subscription.SubscribedPartition;
import java.io.IOException;
import java.util.List;

/**
 * Where one stream stands, and what it writes next. It follows its feed, which has been joined at some entry, and for each partition
 * compares its own next offset with the one from which the feed holds the partition:
 *
 * <pre>
 *            own fetch reaches the feed              the feed's records overtake
 *   BEHIND ------------------------------> EQUAL <------------------------------ AHEAD
 *      ^                                     |
 *      +-------------------------------------+
 *        the ring let go of an entry before this stream came to it
 * </pre>
 *
 * Behind, the partition's entries are passed over and its records are to be fetched from the log; ahead, those it has already are passed
 * over. When the log was cut back, a stream beyond the cut tells so and goes back to it. While every partition is equal, the stream is in step and writes the feed's own bytes; else it makes ids of its own. So each record
 * is written once and in its partition's order, whatever the feed and the ring do.
 */
final class StreamCursor {
    /** A stream hands its own blocks over when so much has gathered. */
    static final int DRAIN_BYTES = 32 * 1024;

    private final List<SubscribedPartition> partitions;
    private final EventBlocks blocks;
    private final EventSink sink;
    private final long[] positions;
    private final long[] covered;
    /** Ahead of the feed from the start on, by an id that may be of records that the log has lost since. */
    private final boolean[] doubtful;
    private FeedEntry last;
    private int apart;
    /** Whether the stream has come further than the client's last id tells: past records that it does not show, or offsets without one. */
    private boolean unnamed;
    private long records;

    /** @param positions next offset of each partition; owned by the cursor from now on */
    StreamCursor(Subscription subscription, long[] positions, Join join, EventSink sink) {
        this.partitions = subscription.partitions();
        this.blocks = new EventBlocks(new EventIds(subscription));
        this.sink = sink;
        this.positions = positions;
        this.covered = join.positions();
        this.doubtful = new boolean[positions.length];
        this.last = join.newest();
        for (int p = 0; p < positions.length; p++) {
            if (positions[p] != covered[p]) {
                apart++;
            }
            doubtful[p] = positions[p] > covered[p];
        }
    }

    /** Tells the client where the stream stands, before any record and where no record does. */
    void writeId() {
        blocks.idOnly(positions);
        unnamed = false;
    }

    /** Whether a client that resumed now would begin before where the stream stands. */
    boolean isUnnamed() {
        return unnamed;
    }

    /** How many records were written. */
    long records() {
        return records;
    }

    /**
     * Goes past one entry of the feed, writing what is new of it.
     *
     * @return false when there is none yet
     */
    boolean advance() throws IOException {
        var entry = last.next();
        if (entry == null) {
            return false;
        }
        last = entry;
        var content = entry.content();
        if (content != null) {
            advance(entry.partition(), content);
        } else if (entry.isMovedBack()) {
            moveBack(entry);
        }
        cover(entry.partition(), entry.to());
        return true;
    }

    boolean hasNext() {
        return last.next() != null;
    }

    /** The partition after {@code previous}, in a circle, which is to be fetched from the log; -1 when there is none. */
    int nextBehind(int previous) {
        if (apart == 0) {
            return -1;
        }
        for (int i = 1; i <= positions.length; i++) {
            int p = (previous + i) % positions.length;
            if (isBehind(p)) {
                return p;
            }
        }
        return -1;
    }

    /** Whether the partition is to be fetched from the log: it is behind, or its position may be beyond the log's end. */
    boolean isBehind(int partition) {
        return positions[partition] < covered[partition] || isDoubtful(partition);
    }

    /** Whether the log must be asked for the partition's position before the feed may go past it. */
    boolean isDoubtful(int partition) {
        return doubtful[partition] && positions[partition] > covered[partition];
    }

    /** The log was asked for the position and has it. */
    void confirm(int partition) {
        doubtful[partition] = false;
    }

    long position(int partition) {
        return positions[partition];
    }

    /** Writes records that were fetched from the partition's position. */
    void fetched(int partition, RenderedRecords records) throws IOException {
        write(partition, records);
    }

    /** Tells the client that what it should get next is not in the log, and goes on at what is. */
    void lose(int partition, long requested, long available) throws IOException {
        var lost = partitions.get(partition);
        blocks.gap(lost.topic(), lost.partition(), requested, available);
        confirm(partition);
        place(partition, available);
        writeId();
        drainWhenFull();
    }

    /** Whether all that is in the log has been written, as far as the feed knows. */
    boolean isAtTail() {
        return last.next() == null && nextBehind(0) < 0;
    }

    void writeCaughtUp() {
        blocks.caughtUp();
    }

    /** How far the stream is behind a feed through which so many bytes went. */
    long lagBytes(long feedTotalBytes) {
        return feedTotalBytes - last.endBytes();
    }

    /** Hands over what has gathered. */
    void drain() throws IOException {
        blocks.drainTo(sink);
    }

    /** Hands over what has gathered and keeps no buffer. */
    void rest() throws IOException {
        drain();
        blocks.release();
    }

    private void advance(int partition, Content content) throws IOException {
        var records = content.records();
        if (apart == 0 && content.isShared()) {
            if (content.blocks().length > 0) {
                drain();
                sink.writeShared(content);
            }
            place(partition, records.to());
            this.records += records.count();
            unnamed = !records.endsWithRecord();
        } else if (positions[partition] >= records.from()) {
            write(partition, records);
        }
    }

    private void write(int partition, RenderedRecords records) throws IOException {
        for (int record = 0; record < records.count(); record++) {
            long offset = records.offset(record);
            if (offset >= positions[partition]) {
                place(partition, offset + 1);
                blocks.record(positions, records, record);
                this.records++;
                unnamed = false;
                drainWhenFull();
            }
        }
        if (records.to() > positions[partition]) {
            place(partition, records.to());
            unnamed = true;
        }
    }

    private void moveBack(FeedEntry entry) throws IOException {
        int partition = entry.partition();
        // It may have fetched what took the place of the part cut off, which nothing tells: better twice, and told, than not at all.
        if (positions[partition] > entry.to()) {
            lose(partition, positions[partition], entry.to());
        }
    }

    private void drainWhenFull() throws IOException {
        if (blocks.length() >= DRAIN_BYTES) {
            drain();
        }
    }

    private void place(int partition, long position) {
        move(partition, position, covered[partition]);
    }

    private void cover(int partition, long position) {
        move(partition, positions[partition], position);
    }

    private void move(int partition, long position, long coveredFrom) {
        boolean wasApart = positions[partition] != covered[partition];
        positions[partition] = position;
        covered[partition] = coveredFrom;
        boolean isApart = position != coveredFrom;
        if (isApart != wasApart) {
            apart += isApart ? 1 : -1;
        }
    }
}
