package io.millrace.gateway.events;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.gateway.events.Subscription.SubscribedTopic;
import io.millrace.gateway.memory.MemoryBudget;
import io.millrace.gateway.records.RecordFormat;
import java.util.List;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

class FeedTest {
    private static final Subscription ONE = new Subscription(
            List.of(new SubscribedTopic("t", new Uuid(1, 1), true, List.of(0))));

    private final Feed feed = new Feed(new FeedKey(ONE, RecordView.all(RecordFormat.JSON)), new FeedRing(ONE, 10_000,
            new MemoryBudget(
                    1 << 20)));

    @Test
    void a_stream_that_leaves_is_forgotten_and_the_others_are_still_woken() throws Exception {
        var leaving = new Feed.Waiter(Thread.currentThread());
        var other = new Feed.Waiter(Thread.currentThread());
        var third = new Feed.Waiter(Thread.currentThread());
        for (var waiter : List.of(other, leaving, third)) {
            feed.await(waiter, cursor(), 1);
        }
        assertThat(feed.waiters()).isEqualTo(3);

        feed.leave(leaving);
        feed.leave(leaving);

        assertThat(feed.waiters()).isEqualTo(2);
        var staying = Thread.startVirtualThread(() -> {
            var waiter = new Feed.Waiter(Thread.currentThread());
            var cursor = cursor();
            while (!cursor.hasNext()) {
                feed.await(waiter, cursor, Long.MAX_VALUE);
            }
        });
        while (feed.waiters() < 3) {
            Thread.onSpinWait();
        }
        feed.await(leaving, cursor(), 1);
        feed.leave(leaving);
        feed.startAt(0, 0);
        staying.join();
        assertThat(feed.waiters()).isZero();
    }

    private StreamCursor cursor() {
        return new StreamCursor(ONE, new long[1], feed.join(), (_, _) -> {});
    }
}
