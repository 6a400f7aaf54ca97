package io.millrace.gateway.events;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.common.wire.ResponseMemory;
import io.millrace.gateway.events.Subscription.SubscribedPartition;
import io.millrace.gateway.events.Subscription.SubscribedTopic;
import io.millrace.gateway.memory.MemoryBudget;
import io.millrace.gateway.records.RecordFormat;
import io.millrace.gateway.testing.FakeImages;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class FeedsTest {
    private final FakeImages images = new FakeImages();
    private final Feeds feeds = new Feeds(new EndlessWait(), new EventRendering(), new PartitionTail.Limits(1024,
            Duration.ofMillis(1), Duration.ofMillis(1), Duration.ZERO, Duration.ofHours(1), new MemoryBudget(1 << 20)),
            10_000, new MemoryBudget(
                    1 << 20),
            images::current);
    private final CountDownLatch failing = new CountDownLatch(1);

    @Test
    void a_feed_of_a_topic_that_has_got_more_partitions_meanwhile_ends_at_once() {
        images.topic("grown", 1);
        var before = whole("grown");
        images.topic("grown", 2);
        feeds.imageChanged();

        var feed = feeds.acquire(before);

        assertThat(feed.isEnded()).isTrue();
        feeds.release(feed);
    }

    @Test
    void a_reader_that_dies_ends_its_feeds_and_another_reads_for_those_who_come() {
        images.topic("dying", 1);
        var feed = feeds.acquire(whole("dying"));
        assertThat(feeds.tails()).isOne();

        failing.countDown();

        // The error ends its thread, too, as it would anywhere.
        await().dontCatchUncaughtExceptions().untilAsserted(() -> assertThat(feed.isEnded()).isTrue());
        assertThat(feeds.tails()).isZero();
        feeds.release(feed);
        var next = feeds.acquire(whole("dying"));
        assertThat(feeds.tails()).isOne();
        feeds.release(next);
        assertThat(feeds.tails()).isZero();
    }

    private FeedKey whole(String topic) {
        var image = images.current().topic(topic);
        var partitions = image.partitions().stream().map(each -> each.index()).toList();
        return new FeedKey(new Subscription(List.of(new SubscribedTopic(topic, image.id(), true, partitions))),
                RecordView.all(RecordFormat.JSON));
    }

    /** Nothing comes; and in the end an error that nobody counts with. */
    private final class EndlessWait implements PartitionLogs {
        @Override
        public Fetched fetch(SubscribedPartition partition, long offset, int maxBytes, Duration maxWait,
                ResponseMemory memory)
                throws InterruptedException {
            failing.await();
            throw new StackOverflowError();
        }

        @Override
        public Found find(SubscribedPartition partition, StartPosition.Lookup lookup) {
            return new Found.Offset(0);
        }
    }
}
