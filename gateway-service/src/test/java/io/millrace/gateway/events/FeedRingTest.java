package io.millrace.gateway.events;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.gateway.events.Subscription.SubscribedTopic;
import io.millrace.gateway.memory.MemoryBudget;
import java.util.List;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

class FeedRingTest {
    private static final Subscription ONE = new Subscription(
            List.of(new SubscribedTopic("t", new Uuid(1, 1), true, List.of(0))));
    private static final Subscription TWO = new Subscription(
            List.of(new SubscribedTopic("t", new Uuid(1, 1), true, List.of(0, 1))));

    @Test
    void the_oldest_records_are_let_go_of_when_the_ring_is_full() {
        var budget = new MemoryBudget(1 << 20);
        var ring = new FeedRing(ONE, 10_000, budget);
        ring.startAt(0, 0);
        var first = ring.join().newest();

        for (int i = 0; i < 100; i++) {
            ring.append(0, record(i, 500));
        }

        assertThat(budget.usedBytes()).isBetween(5_000L, 10_000L);
        assertThat(first.next()).satisfies(oldest -> assertThat(oldest.content()).isNull());
        assertThat(ring.join().newest().content()).isNotNull();
    }

    @Test
    void over_the_common_budget_each_ring_keeps_its_newest_records_alone() {
        var budget = new MemoryBudget(3_000);
        var rings = List.of(new FeedRing(ONE, 10_000, budget), new FeedRing(TWO, 10_000, budget));
        for (var ring : rings) {
            ring.startAt(0, 0);
            for (int i = 0; i < 10; i++) {
                ring.append(0, record(i, 1000));
            }
        }

        assertThat(rings).allSatisfy(ring -> assertThat(ring.join().newest().content()).isNotNull());
        assertThat(budget.usedBytes()).isLessThan(5_000L);
    }

    @Test
    void a_ring_that_is_cleared_gives_all_its_memory_back() {
        var budget = new MemoryBudget(1 << 20);
        var ring = new FeedRing(ONE, 10_000, budget);
        ring.startAt(0, 0);
        ring.append(0, record(0, 1000));

        ring.clear();

        assertThat(budget.usedBytes()).isZero();
    }

    @Test
    void there_are_no_shared_ids_before_every_partition_is_known() {
        var ring = new FeedRing(TWO, 10_000, new MemoryBudget(1 << 20));
        ring.startAt(0, 0);
        ring.append(0, record(0, 10));
        var before = ring.join().newest().content();

        ring.startAt(1, 7);
        ring.append(0, record(1, 10));

        assertThat(before).satisfies(content -> assertThat(content.isShared()).isFalse());
        assertThat(ring.join().newest().content()).satisfies(content -> assertThat(content.isShared()).isTrue());
    }

    private static RenderedRecords record(long offset, int sizeBytes) {
        return new RenderedRecords(offset, offset + 1, new long[]{offset}, new int[]{sizeBytes}, new byte[sizeBytes]);
    }
}
