package io.millrace.gateway.events;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.millrace.common.record.BatchMemory;
import io.millrace.common.wire.ResponseMemory;
import io.millrace.gateway.events.Subscription.SubscribedPartition;
import io.millrace.gateway.memory.MemoryBudget;
import io.millrace.gateway.records.RecordFormat;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class PartitionTailTest {
    private static final Subscription ONE = new Subscription(List.of(new Subscription.SubscribedTopic("t", new Uuid(1,
            1), true, List.of(0))));
    private static final RecordView CHEAP = RecordView.all(RecordFormat.JSON);
    private static final RecordView DEAR = RecordView.all(RecordFormat.TEXT);
    private static final Duration AT_LEAST_A_VIEW = Duration.ZERO;
    private static final Duration ALL_VIEWS = Duration.ofHours(1);

    private final BlockingQueue<PartitionLogs.Fetched> answers = new LinkedBlockingQueue<>();
    private final CountDownLatch ended = new CountDownLatch(1);
    private final CountDownLatch rendering = new CountDownLatch(1);
    private final CountDownLatch mayRender = new CountDownLatch(1);
    private PartitionTail tail = tail(ALL_VIEWS, this::render);

    @AfterEach
    void stop() {
        tail.stop();
    }

    @Test
    void a_batch_that_cannot_be_read_is_told_once_however_often_it_is_tried() throws Exception {
        var tries = new CountDownLatch(10);
        var logger = (Logger) LoggerFactory.getLogger(PartitionTail.class);
        var told = new ListAppender<ILoggingEvent>();
        told.start();
        logger.addAppender(told);
        tail = new PartitionTail(ONE.partitions().getFirst(), new Answers() {
            @Override
            public Fetched fetch(SubscribedPartition partition, long offset, int maxBytes, Duration maxWait,
                    ResponseMemory memory) {
                tries.countDown();
                throw new IllegalStateException("the batch is corrupt");
            }
        }, this::render, limits(ALL_VIEWS), _ -> {});
        try {
            tail.start();
            tries.await();
        } finally {
            tail.stop();
            logger.detachAppender(told);
        }

        assertThat(told.list.stream().filter(event -> event.getLevel() == Level.ERROR
                && event.getFormattedMessage().contains("reading at offset 7 failed"))).hasSize(1);
    }

    @Test
    void a_feed_comes_and_goes_while_a_view_of_others_takes_its_time() throws Exception {
        var dear = feed(DEAR);
        tail.attach(dear, 0);
        tail.start();
        answers.add(records());
        rendering.await();

        var cheap = feed(CHEAP);
        var coming = Thread.startVirtualThread(() -> {
            tail.attach(cheap, 0);
            tail.detach(feed(CHEAP));
        });

        assertThat(coming.join(Duration.ofSeconds(20))).isTrue();
        assertThat(cheap.join().positions()).containsExactly(7);
        mayRender.countDown();
        await().untilAsserted(() -> assertThat(cheap.join().positions()).containsExactly(8));
        await().untilAsserted(() -> assertThat(dear.join().positions()).containsExactly(8));
        assertThat(dear.totalBytes()).isPositive();
        assertThat(cheap.totalBytes()).as("it came after the fetch").isZero();
    }

    @Test
    void a_view_that_there_is_no_time_for_is_left_to_its_streams_and_the_others_go_on() throws Exception {
        tail = tail(AT_LEAST_A_VIEW, this::render);
        var dear = feed(DEAR);
        var cheap = feed(CHEAP);
        tail.attach(dear, 0);
        tail.start();
        mayRender.countDown();
        answers.add(records());
        await().untilAsserted(() -> assertThat(dear.totalBytes()).isPositive());
        long rendered = dear.totalBytes();

        tail.attach(cheap, 0);
        answers.add(records());

        await().untilAsserted(() -> assertThat(cheap.join().positions()).containsExactly(9));
        assertThat(cheap.totalBytes()).isZero();
        assertThat(dear.join().positions()).containsExactly(9);
        assertThat(dear.totalBytes()).isGreaterThan(rendered);
    }

    @Test
    void a_view_that_fails_is_left_to_its_streams_and_the_others_go_on() throws Exception {
        tail = tail(ALL_VIEWS, new RecordRendering() {
            @Override
            public <X extends Exception> long render(SubscribedPartition partition, RecordView view, ByteBuffer records,
                    long from, BatchMemory memory, Runs<X> runs) throws X {
                if (view.equals(DEAR)) {
                    throw new IllegalStateException("the filter fails");
                }
                return PartitionTailTest.this.render(partition, view, records, from, memory, runs);
            }
        });
        var dear = feed(DEAR);
        var cheap = feed(CHEAP);
        tail.attach(dear, 0);
        tail.attach(cheap, 0);
        tail.start();
        answers.add(records());

        await().untilAsserted(() -> assertThat(dear.join().positions()).containsExactly(8));
        assertThat(cheap.join().positions()).containsExactly(8);
        assertThat(cheap.totalBytes()).isPositive();
        assertThat(dear.totalBytes()).isZero();
    }

    @Test
    void an_offset_that_is_in_the_log_after_all_is_read_again() throws Exception {
        var feed = feed(CHEAP);
        tail.attach(feed, 0);
        tail.start();
        answers.add(new PartitionLogs.Fetched.OutOfRange(0, 20));
        answers.add(records());

        await().untilAsserted(() -> assertThat(feed.totalBytes()).isPositive());
        assertThat(feed.join().positions()).containsExactly(8);
    }

    @Test
    void what_there_is_no_memory_to_decompress_waits_for_some() throws Exception {
        var feed = feed(CHEAP);
        var starved = new AtomicInteger(3);
        tail = tail(ALL_VIEWS, new RecordRendering() {
            @Override
            public <X extends Exception> long render(SubscribedPartition partition, RecordView view, ByteBuffer records,
                    long from, BatchMemory memory, Runs<X> runs) throws X {
                assertThat(memory.tryTake(60)).isTrue();
                return starved.getAndDecrement() > 0 ? from
                        : PartitionTailTest.this.render(partition, view, records, from, memory, runs);
            }
        });
        tail.attach(feed, 0);
        tail.start();
        for (int i = 0; i < 4; i++) {
            answers.add(records());
        }

        await().untilAsserted(() -> assertThat(feed.join().positions()).containsExactly(8));
        assertThat(feed.totalBytes()).isEqualTo(9);
    }

    @Test
    void a_view_that_finds_no_memory_where_another_did_is_left_to_its_streams() throws Exception {
        tail = tail(ALL_VIEWS, new RecordRendering() {
            @Override
            public <X extends Exception> long render(SubscribedPartition partition, RecordView view, ByteBuffer records,
                    long from, BatchMemory memory, Runs<X> runs) throws X {
                return view.equals(DEAR) ? from
                        : PartitionTailTest.this.render(partition, view, records, from, memory,
                                runs);
            }
        });
        var cheap = feed(CHEAP);
        var dear = feed(DEAR);
        tail.attach(cheap, 0);
        tail.start();
        answers.add(records());
        await().untilAsserted(() -> assertThat(cheap.join().positions()).containsExactly(8));
        tail.attach(dear, 0);
        answers.add(records());

        await().untilAsserted(() -> assertThat(dear.join().positions()).containsExactly(9));
        assertThat(cheap.join().positions()).containsExactly(9);
        assertThat(cheap.totalBytes()).isEqualTo(18);
        assertThat(dear.totalBytes()).isZero();
    }

    @Test
    void a_topic_that_is_gone_ends_the_reader() throws Exception {
        tail.attach(feed(CHEAP), 0);
        tail.start();
        answers.add(new PartitionLogs.Fetched.Gone());

        assertThat(ended.await(20, TimeUnit.SECONDS)).isTrue();
    }

    private PartitionTail tail(Duration renderTime, RecordRendering through) {
        return new PartitionTail(ONE.partitions().getFirst(), new Answers(), through, limits(renderTime), _ -> ended
                .countDown());
    }

    private static PartitionTail.Limits limits(Duration renderTime) {
        return new PartitionTail.Limits(1024, Duration.ofMillis(1), Duration.ofMillis(1), Duration.ZERO, renderTime,
                new MemoryBudget(100));
    }

    private static Feed feed(RecordView view) {
        return new Feed(new FeedKey(ONE, view), new FeedRing(ONE, 10_000, new MemoryBudget(1 << 20)));
    }

    private static PartitionLogs.Fetched records() {
        return new PartitionLogs.Fetched.Records(ByteBuffer.allocate(1));
    }

    /** Each fetch gives one record. */
    private <X extends Exception> long render(SubscribedPartition partition, RecordView view, ByteBuffer records,
            long from, BatchMemory memory, RecordRendering.Runs<X> runs) throws X {
        if (view.equals(DEAR)) {
            rendering.countDown();
            try {
                mayRender.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
        runs.add(new RenderedRecords(from, from + 1, new long[]{from}, new int[]{9}, "data: 1\n\n".getBytes(
                US_ASCII)));
        return from + 1;
    }

    /** Begins at offset 7, and answers when it is told to. */
    private class Answers implements PartitionLogs {
        @Override
        public Fetched fetch(SubscribedPartition partition, long offset, int maxBytes, Duration maxWait,
                ResponseMemory memory)
                throws InterruptedException {
            return answers.take();
        }

        @Override
        public Found find(SubscribedPartition partition, StartPosition.Lookup lookup) {
            return new Found.Offset(7);
        }
    }
}
