package io.millrace.offset.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.millrace.common.error.RefusedException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class SharedQuestionTest {
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final int CALLERS = 200;

    private final AtomicInteger asked = new AtomicInteger();
    private final CountDownLatch firstMayEnd = new CountDownLatch(1);
    private final SharedQuestion<Integer> question = new SharedQuestion<>(() -> {
        int number = asked.incrementAndGet();
        if (number == 1) {
            awaitEnd(firstMayEnd);
        }
        return number;
    }, LONG);

    @Test
    void all_who_come_while_it_is_asked_share_the_next_answer() throws Exception {
        var threads = new ArrayList<Thread>();
        var first = ask(threads, question);
        await().atMost(LONG).until(() -> asked.get() == 1);
        var others = new ArrayList<FutureTask<Integer>>();
        for (int i = 0; i < CALLERS; i++) {
            others.add(ask(threads, question));
        }
        await().atMost(LONG).until(() -> threads.stream().allMatch(thread -> isWaiting(thread)));
        assertThat(asked).hasValue(1);

        firstMayEnd.countDown();

        assertThat(first.get(60, TimeUnit.SECONDS)).isEqualTo(1);
        for (var other : others) {
            assertThat(other.get(60, TimeUnit.SECONDS)).as("an answer to what was asked after it came").isEqualTo(2);
        }
        assertThat(asked).hasValue(2);
    }

    @Test
    void a_failure_is_told_to_all_who_share_it_and_to_nobody_after() {
        var failing = new SharedQuestion<>(() -> {
            if (asked.incrementAndGet() == 1) {
                throw new IllegalArgumentException("away");
            }
            return 7;
        }, LONG);

        assertThatThrownBy(failing::ask).hasMessage("away");
        assertThat(failing.ask()).isEqualTo(7);
    }

    @Test
    void nobody_waits_longer_than_allowed_and_later_ones_are_answered() throws Exception {
        var mayEnd = new CompletableFuture<Integer>();
        var slow = new SharedQuestion<>(() -> asked.incrementAndGet() == 1 ? mayEnd.join() : 8, Duration.ofMillis(20));
        var threads = new ArrayList<Thread>();
        var first = ask(threads, slow);
        await().atMost(LONG).until(() -> asked.get() == 1);

        assertThatThrownBy(slow::ask).isInstanceOf(RefusedException.class).hasMessageContaining("in time");

        mayEnd.complete(1);
        assertThat(first.get(60, TimeUnit.SECONDS)).isEqualTo(1);
        assertThat(slow.ask()).isEqualTo(8);
    }

    private static FutureTask<Integer> ask(List<Thread> threads, SharedQuestion<Integer> question) {
        var task = new FutureTask<>(question::ask);
        threads.add(Thread.ofPlatform().daemon().start(task));
        return task;
    }

    private static boolean isWaiting(Thread thread) {
        return thread.getState() == Thread.State.WAITING || thread.getState() == Thread.State.TIMED_WAITING;
    }

    private static void awaitEnd(CountDownLatch latch) {
        try {
            assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
