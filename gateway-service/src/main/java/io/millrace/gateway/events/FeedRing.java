package io.millrace.gateway.events;

import io.millrace.gateway.events.FeedEntry.Content;
import io.millrace.gateway.memory.MemoryBudget;
import java.util.ArrayDeque;
import java.util.Arrays;

/**
 * The newest records of one subscription in one order, which all its streams share: what comes from the partitions' readers is put in the
 * order of arrival, given ids, and kept until the ring is full. One owner mutates it; streams follow the entries on their own.
 */
final class FeedRing {
    /** Stands for the position of a partition of which the feed has seen nothing yet. */
    static final long UNKNOWN = Long.MAX_VALUE;

    private final EventBlocks blocks;
    private final long capacityBytes;
    private final MemoryBudget budget;
    private final long[] positions;
    private final ArrayDeque<FeedEntry> held = new ArrayDeque<>();
    private int unknown;
    private long heldBytes;
    private long totalBytes;
    private FeedEntry newest = FeedEntry.head();

    FeedRing(Subscription subscription, long capacityBytes, MemoryBudget budget) {
        this.blocks = new EventBlocks(new EventIds(subscription));
        this.capacityBytes = capacityBytes;
        this.budget = budget;
        this.positions = new long[subscription.size()];
        Arrays.fill(positions, UNKNOWN);
        this.unknown = positions.length;
    }

    /** The feed has the partition's records from {@code position} on: at its start, and where records were lost to retention. */
    void startAt(int partition, long position) {
        moveTo(partition, position);
        link(FeedEntry.moved(partition, position, totalBytes));
    }

    /** The partition's log was cut back to {@code position}. */
    void moveBack(int partition, long position) {
        moveTo(partition, position);
        link(FeedEntry.movedBack(partition, position, totalBytes));
    }

    /** Adds records that begin where the partition stands. */
    void append(int partition, RenderedRecords records) {
        byte[] shared = null;
        if (unknown == 0) {
            for (int record = 0; record < records.count(); record++) {
                positions[partition] = records.offset(record) + 1;
                blocks.record(positions, records, record);
            }
            shared = blocks.take();
        }
        moveTo(partition, records.to());
        var content = new Content(records, shared);
        totalBytes += records.data().length;
        var entry = FeedEntry.records(partition, totalBytes, content);
        held.add(entry);
        heldBytes += content.sizeBytes();
        budget.take(content.sizeBytes());
        evict();
        link(entry);
    }

    /** Where a stream that joins now stands on the feed. */
    Join join() {
        return new Join(newest, positions.clone());
    }

    long totalBytes() {
        return totalBytes;
    }

    /** Lets go of everything, when the last stream has left. */
    void clear() {
        held.forEach(FeedEntry::evict);
        held.clear();
        budget.release(heldBytes);
        heldBytes = 0;
    }

    private void moveTo(int partition, long position) {
        if (positions[partition] == UNKNOWN) {
            unknown--;
        }
        positions[partition] = position;
    }

    private void link(FeedEntry entry) {
        newest.link(entry);
        newest = entry;
    }

    private void evict() {
        while (held.size() > 1 && (heldBytes > capacityBytes || budget.isExceeded())) {
            var oldest = held.remove();
            var content = oldest.content();
            oldest.evict();
            if (content != null) {
                heldBytes -= content.sizeBytes();
                budget.release(content.sizeBytes());
            }
        }
    }

    /**
     * @param newest    the entry after which the stream follows
     * @param positions from where on the entries that follow hold each partition; {@link #UNKNOWN} while that is not known
     */
    record Join(FeedEntry newest, long[] positions) {}
}
