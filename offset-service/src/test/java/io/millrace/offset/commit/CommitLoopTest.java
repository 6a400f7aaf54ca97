package io.millrace.offset.commit;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.millrace.common.api.OffsetsApi.Member;
import io.millrace.common.error.ErrorCode;
import io.millrace.offset.commit.CommitOutcome.Refused;
import io.millrace.offset.commit.CommitRequest.NextOffset;
import io.millrace.offset.meters.TestMeters;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class CommitLoopTest {
    private final GatedStore store = new GatedStore();
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private CommitLoop loop = started(Duration.ofSeconds(30));

    private CommitLoop started(Duration drainTimeout) {
        var settings = new CommitSettings(5, 4096, 4, 10, Duration.ofSeconds(30), drainTimeout);
        var started = new CommitLoop(store, settings, TestMeters.of(registry));
        started.start();
        return started;
    }

    @AfterEach
    void stopLoop() {
        store.gate.release(1000);
        loop.stop();
    }

    @Test
    void what_arrives_while_a_statement_runs_is_stored_by_the_next_one() throws Exception {
        var first = submit(1);
        await().atMost(Duration.ofSeconds(60)).until(() -> store.batches.size() == 1);
        var second = submit(1);
        var third = submit(2);

        store.gate.release(2);

        assertThat(first.get(10, SECONDS)).isEqualTo(CommitOutcome.STORED);
        assertThat(second.get(10, SECONDS)).isEqualTo(CommitOutcome.STORED);
        assertThat(third.get(10, SECONDS)).isEqualTo(CommitOutcome.STORED);
        assertThat(store.batches).extracting(List::size).containsExactly(1, 2);
    }

    @Test
    void a_full_queue_refuses_until_there_is_room_again() throws Exception {
        submit(1);
        await().atMost(Duration.ofSeconds(60)).until(() -> store.batches.size() == 1);
        var filling = List.of(submit(4), submit(4), submit(2));

        var refused = submit(1).get(10, SECONDS);

        assertThat(refused).isInstanceOfSatisfying(Refused.class,
                refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.QUEUE_FULL));
        assertThat(registry.get("millrace.offset.commit.queue").gauge().value()).isEqualTo(10);
        store.gate.release(1000);
        for (var commit : filling) {
            assertThat(commit.get(10, SECONDS)).isEqualTo(CommitOutcome.STORED);
        }
        assertThat(submit(1).get(10, SECONDS)).isEqualTo(CommitOutcome.STORED);
    }

    @Test
    void a_shutdown_stores_what_was_accepted_and_refuses_what_comes_later() throws Exception {
        var first = submit(1);
        await().atMost(Duration.ofSeconds(60)).until(() -> store.batches.size() == 1);
        var waiting = submit(1);
        var stopping = Thread.ofVirtual().start(loop::stop);
        await().atMost(Duration.ofSeconds(60)).until(() -> submit(1).getNow(null) instanceof Refused refused && refused
                .code() == ErrorCode.UNAVAILABLE);

        store.gate.release(1000);

        assertThat(stopping.join(Duration.ofSeconds(10))).isTrue();
        assertThat(first.get(10, SECONDS)).isEqualTo(CommitOutcome.STORED);
        assertThat(waiting.get(10, SECONDS)).isEqualTo(CommitOutcome.STORED);
        assertThat(loop.isRunning()).isFalse();
    }

    @Test
    void a_shutdown_that_cannot_store_in_time_refuses_what_is_left() throws Exception {
        loop.stop();
        loop = started(Duration.ofMillis(50));
        submit(1);
        await().atMost(Duration.ofSeconds(60)).until(() -> store.batches.size() == 1);
        var waiting = submit(1);

        loop.stop();

        assertThat(waiting.get(10, SECONDS)).isInstanceOfSatisfying(Refused.class,
                refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.UNAVAILABLE));
    }

    private CompletableFuture<CommitOutcome> submit(int offsets) {
        var row = new NextOffset(new UUID(0, 1), "t", 0, 1, null, "");
        return loop.submit(new CommitRequest("g", new Member("m", 1), Collections.nCopies(offsets, row)),
                System.nanoTime() + SECONDS.toNanos(60));
    }

    /** Each statement waits for a permit of the test. */
    private static final class GatedStore implements CommitStore {
        private final Semaphore gate = new Semaphore(0);
        private final List<List<CommitRequest>> batches = new CopyOnWriteArrayList<>();

        @Override
        public List<CommitOutcome> store(List<CommitRequest> batch) {
            batches.add(batch);
            gate.acquireUninterruptibly();
            return Collections.nCopies(batch.size(), CommitOutcome.STORED);
        }
    }
}
