package io.millrace.gateway.events;

import io.millrace.common.metadata.ClusterImage;
import io.millrace.gateway.events.Subscription.SubscribedPartition;
import io.millrace.gateway.memory.MemoryBudget;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/** The feeds and partition readers that some stream of this gateway needs; what nobody needs any more stops at once. */
final class Feeds {
    private final PartitionLogs logs;
    private final RecordRendering rendering;
    private final PartitionTail.Limits tailLimits;
    private final long ringBytes;
    private final MemoryBudget budget;
    private final Supplier<ClusterImage> newest;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<FeedKey, SharedFeed> feeds = new HashMap<>();
    private final Map<SubscribedPartition, PartitionTail> tails = new HashMap<>();

    /** @param newest the image at any time, at least as new as any by which a feed is asked for */
    Feeds(PartitionLogs logs, RecordRendering rendering, PartitionTail.Limits tailLimits, long ringBytes,
            MemoryBudget budget, Supplier<ClusterImage> newest) {
        this.logs = logs;
        this.rendering = rendering;
        this.tailLimits = tailLimits;
        this.ringBytes = ringBytes;
        this.budget = budget;
        this.newest = newest;
    }

    /** Takes part in the feed; to be given back by {@link #release}. */
    Feed acquire(FeedKey key) {
        lock.lock();
        try {
            var shared = feeds.computeIfAbsent(key, this::open);
            shared.streams++;
            return shared.feed;
        } finally {
            lock.unlock();
        }
    }

    void release(Feed feed) {
        lock.lock();
        try {
            var shared = feeds.get(feed.key());
            if (shared == null || shared.feed != feed) {
                throw new IllegalStateException("the feed was released more often than acquired");
            }
            if (--shared.streams == 0) {
                feeds.remove(feed.key());
                close(feed);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Ends the feeds whose topics are gone or have got partitions that they do not read; their streams' clients come back for the rest. */
    void imageChanged() {
        lock.lock();
        try {
            // Not the image that was told of: a feed may have been asked for by a newer one.
            var image = newest.get();
            for (var shared : feeds.values()) {
                if (!isCurrent(shared.feed.key().subscription(), image)) {
                    shared.feed.end();
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /** How many partitions are being read. */
    int tails() {
        lock.lock();
        try {
            return tails.size();
        } finally {
            lock.unlock();
        }
    }

    private SharedFeed open(FeedKey key) {
        var feed = new Feed(key, new FeedRing(key.subscription(), ringBytes, budget));
        int index = 0;
        for (var partition : key.subscription().partitions()) {
            var tail = tails.get(partition);
            if (tail == null) {
                tail = new PartitionTail(partition, logs, rendering, tailLimits, this::ended);
                tails.put(partition, tail);
                tail.attach(feed, index++);
                tail.start();
            } else {
                tail.attach(feed, index++);
            }
        }
        if (!isCurrent(key.subscription(), newest.get())) {
            // Asked for by an image that is no longer the newest, and the newest may have been told of before there was this feed.
            feed.end();
        }
        return new SharedFeed(feed);
    }

    /** A reader that ended by itself: nobody is to wait for it, and whoever comes gets another. */
    private void ended(PartitionTail tail) {
        lock.lock();
        try {
            tails.remove(tail.partition(), tail);
            tail.endFeeds();
        } finally {
            lock.unlock();
        }
    }

    private void close(Feed feed) {
        for (var partition : feed.key().subscription().partitions()) {
            var tail = tails.get(partition);
            if (tail != null && tail.detach(feed)) {
                tails.remove(partition);
                tail.stop();
            }
        }
        feed.clear();
    }

    private static boolean isCurrent(Subscription subscription, ClusterImage image) {
        for (var subscribed : subscription.topics()) {
            var topic = image.topic(subscribed.id());
            if (topic == null || subscribed.whole() && topic.partitions().size() != subscribed.partitions().size()) {
                return false;
            }
        }
        return true;
    }

    private static final class SharedFeed {
        private final Feed feed;
        private int streams;

        SharedFeed(Feed feed) {
            this.feed = feed;
        }
    }
}
