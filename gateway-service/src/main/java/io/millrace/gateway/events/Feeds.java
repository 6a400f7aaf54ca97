package io.millrace.gateway.events;

import io.millrace.common.metadata.ClusterImage;
import io.millrace.gateway.events.Subscription.SubscribedPartition;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/** The feeds and partition readers that some stream of this gateway needs; what nobody needs any more stops at once. */
final class Feeds {
    private final PartitionLogs logs;
    private final RecordRendering rendering;
    private final PartitionTail.Limits tailLimits;
    private final long ringBytes;
    private final RingBudget budget;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<FeedKey, SharedFeed> feeds = new HashMap<>();
    private final Map<SubscribedPartition, PartitionTail> tails = new HashMap<>();

    Feeds(PartitionLogs logs, RecordRendering rendering, PartitionTail.Limits tailLimits, long ringBytes,
            RingBudget budget) {
        this.logs = logs;
        this.rendering = rendering;
        this.tailLimits = tailLimits;
        this.ringBytes = ringBytes;
        this.budget = budget;
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
    void imageChanged(ClusterImage image) {
        lock.lock();
        try {
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
                tail = new PartitionTail(partition, logs, rendering, tailLimits);
                tails.put(partition, tail);
                tail.attach(feed, index++);
                tail.start();
            } else {
                tail.attach(feed, index++);
            }
        }
        return new SharedFeed(feed);
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
