package io.millrace.gateway.events;

import org.jspecify.annotations.Nullable;

/**
 * One step of a feed: how far one partition has come, with the records on the way while the ring still holds them. Entries are linked, so a
 * stream follows without a lock; what a stream that stands still pins of the chain behind it is the bare links, not the records.
 */
final class FeedEntry {
    private final int partition;
    private final long to;
    private final boolean isMovedBack;
    private final long endBytes;
    private volatile @Nullable Content content;
    private volatile @Nullable FeedEntry next;

    private FeedEntry(int partition, long to, boolean isMovedBack, long endBytes, @Nullable Content content) {
        this.partition = partition;
        this.to = to;
        this.isMovedBack = isMovedBack;
        this.endBytes = endBytes;
        this.content = content;
    }

    /** What the first entry of a feed is linked to. */
    static FeedEntry head() {
        return new FeedEntry(0, 0, false, 0, null);
    }

    static FeedEntry records(int partition, long endBytes, Content content) {
        return new FeedEntry(partition, content.records().to(), false, endBytes, content);
    }

    /** The feed goes on at {@code to} without records: where it started, or where retention has left off. */
    static FeedEntry moved(int partition, long to, long endBytes) {
        return new FeedEntry(partition, to, false, endBytes, null);
    }

    /** The log was cut back: what had been read from {@code to} on is no longer in it. */
    static FeedEntry movedBack(int partition, long to, long endBytes) {
        return new FeedEntry(partition, to, true, endBytes, null);
    }

    /** Index in the subscription. */
    int partition() {
        return partition;
    }

    /** The feed holds everything of the partition from here on in the entries that follow. */
    long to() {
        return to;
    }

    boolean isMovedBack() {
        return isMovedBack;
    }

    /** Bytes of records that went through the feed up to the end of this entry. */
    long endBytes() {
        return endBytes;
    }

    /** Null for an entry without records, and after the ring let go of it. */
    @Nullable
    Content content() {
        return content;
    }

    @Nullable
    FeedEntry next() {
        return next;
    }

    void link(FeedEntry following) {
        next = following;
    }

    void evict() {
        content = null;
    }

    /** Records, and what of them is the same for many streams. */
    static final class Content {
        private static final byte[] NONE = {};

        private final RenderedRecords records;
        private final byte @Nullable [] shared;
        private volatile byte @Nullable [] compressed;

        /**
         * @param shared the whole blocks with the ids of a stream that is in step with the feed; null while the feed does not know every
         *               partition's position, so that it has no id to give
         */
        Content(RenderedRecords records, byte @Nullable [] shared) {
            this.records = records;
            this.shared = shared;
        }

        RenderedRecords records() {
            return records;
        }

        /** Whether there are blocks for streams that are in step. */
        boolean isShared() {
            return shared != null;
        }

        /** The blocks for streams that are in step; none where no record is shown. */
        byte[] blocks() {
            return shared == null ? NONE : shared;
        }

        /** The same, compressed by the first who asks; two at once do it twice. */
        byte[] compressed(Gzip gzip) {
            var done = compressed;
            if (done == null) {
                done = gzip.compress(blocks(), blocks().length);
                compressed = done;
            }
            return done;
        }

        /** What it holds in memory, roughly. */
        int sizeBytes() {
            return records.sizeBytes() + blocks().length;
        }
    }
}
