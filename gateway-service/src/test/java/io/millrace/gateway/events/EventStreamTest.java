package io.millrace.gateway.events;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.common.record.BatchMemory;
import io.millrace.common.wire.ResponseMemory;
import io.millrace.gateway.events.LiveStream.End;
import io.millrace.gateway.events.PartitionLogs.Fetched;
import io.millrace.gateway.events.Subscription.SubscribedPartition;
import io.millrace.gateway.events.Subscription.SubscribedTopic;
import io.millrace.gateway.memory.MemoryBudget;
import io.millrace.gateway.records.RecordFormat;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

/** One stream over logs that answer as the test says. */
class EventStreamTest {
    private static final int PARTITIONS = 5;
    private static final Subscription SUBSCRIPTION = new Subscription(List.of(new SubscribedTopic("t", new Uuid(1, 1),
            true, List.of(0, 1, 2, 3, 4))));

    private final Feed feed = new Feed(new FeedKey(SUBSCRIPTION, RecordView.all(RecordFormat.JSON)), new FeedRing(
            SUBSCRIPTION, 10_000, new MemoryBudget(1 << 20)));
    private final List<ArrayDeque<Fetched>> answers = new ArrayList<>();
    private final ByteArrayOutputStream written = new ByteArrayOutputStream();

    EventStreamTest() {
        for (int p = 0; p < PARTITIONS; p++) {
            answers.add(new ArrayDeque<>());
        }
    }

    @Test
    void a_client_that_does_not_wait_gets_something_of_every_partition() throws Exception {
        for (int p = 0; p < PARTITIONS; p++) {
            feed.startAt(p, 1);
            answers.get(p).add(records());
        }

        var end = run(1 << 20);

        assertThat(end).isEqualTo(End.ANSWERED);
        assertThat(written.toString(US_ASCII)).contains("data: 0", "data: 1", "data: 2", "data: 3", "data: 4");
    }

    @Test
    void partitions_that_fill_an_answer_leave_room_for_the_others() throws Exception {
        for (int p = 0; p < PARTITIONS; p++) {
            feed.startAt(p, 1);
            answers.get(p).add(records());
        }

        run(1);

        assertThat(written.toString(US_ASCII)).contains("data: 0", "data: 1", "data: 2", "data: 3", "data: 4");
    }

    @Test
    void what_the_log_has_lost_is_told() throws Exception {
        feed.startAt(0, 10);
        answers.getFirst().add(new Fetched.OutOfRange(6, 10));
        answers.getFirst().add(records());

        run(1 << 20);

        assertThat(written.toString(US_ASCII)).contains(
                "event: gap\ndata: {\"topic\":\"t\",\"partition\":0,\"requested\":0,\"available\":6}");
    }

    @Test
    void what_the_log_has_after_all_is_neither_skipped_nor_told_to_be_lost() throws Exception {
        feed.startAt(0, 1);
        answers.getFirst().add(new Fetched.OutOfRange(0, 10));
        answers.getFirst().add(records());

        run(1 << 20, 20_000L);

        assertThat(written.toString(US_ASCII)).contains("data: 0").doesNotContain("event: gap");
    }

    private End run(long pollBytes) throws IOException, InterruptedException {
        return run(pollBytes, 0L);
    }

    private End run(long pollBytes, long timeoutMs) throws IOException, InterruptedException {
        for (int p = 0; p < PARTITIONS; p++) {
            if (feed.join().positions()[p] == FeedRing.UNKNOWN) {
                feed.startAt(p, 0);
            }
        }
        var limits = new EventStream.Limits(Duration.ofSeconds(15), Duration.ofSeconds(1), Duration.ofMillis(1),
                1 << 20, Duration.ofSeconds(1), pollBytes);
        var stream = new EventStream(feed, new long[PARTITIONS], new Scripted(), new OneRecordEach(), limits,
                new EventStream.CatchUp(1, 1 << 18, 1 << 14, new MemoryBudget(1 << 20)), new Written());
        return stream.run(List.of(), Patience.of(timeoutMs, Duration.ofMinutes(1)), () -> false);
    }

    private static Fetched records() {
        return new Fetched.Records(ByteBuffer.allocate(1));
    }

    private final class Scripted implements PartitionLogs {
        @Override
        public Fetched fetch(SubscribedPartition partition, long offset, int maxBytes, Duration maxWait,
                ResponseMemory memory) {
            var next = answers.get(partition.partition()).poll();
            return next == null ? new Fetched.Records(ByteBuffer.allocate(0)) : next;
        }

        @Override
        public Found find(SubscribedPartition partition, StartPosition.Lookup lookup) {
            throw new AssertionError("not looked up");
        }
    }

    /** Each fetch gives one record, whose value is the partition's number. */
    private static final class OneRecordEach implements RecordRendering {
        @Override
        public <X extends Exception> long render(SubscribedPartition partition, RecordView view, ByteBuffer records,
                long from, BatchMemory memory, Runs<X> runs) throws X {
            var data = ("data: " + partition.partition() + "\n\n").getBytes(US_ASCII);
            runs.add(new RenderedRecords(from, from + 1, new long[]{from}, new int[]{data.length}, data));
            return from + 1;
        }
    }

    private final class Written implements ClientLine {
        @Override
        public void write(byte[] bytes, int length) {
            written.write(bytes, 0, length);
        }

        @Override
        public void flush() {}

        @Override
        public void finish() {}

        @Override
        public void cutOff() {
            throw new AssertionError("not cut off");
        }

        @Override
        public boolean hasLeft() {
            return false;
        }

        @Override
        public boolean tellsDeparture() {
            return true;
        }

        @Override
        public boolean hasLost() {
            return false;
        }
    }
}
