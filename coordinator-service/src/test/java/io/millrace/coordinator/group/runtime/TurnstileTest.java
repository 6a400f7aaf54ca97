package io.millrace.coordinator.group.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class TurnstileTest {
    @Test
    void who_waits_too_long_is_refused_and_does_nothing() throws InterruptedException {
        var turnstile = new Turnstile("the test", 10, Duration.ofMillis(20));
        var inside = new CountDownLatch(1);
        var leave = new CountDownLatch(1);
        var ran = new AtomicInteger();
        Thread occupant = Thread.ofVirtual().start(() -> turnstile.pass(() -> occupy(inside, leave)));
        inside.await();

        assertThatThrownBy(() -> turnstile.pass(() -> {
            ran.incrementAndGet();
        })).isInstanceOfSatisfying(RefusedException.class,
                refused -> assertThat(refused.code()).isEqualTo(ErrorCode.TIMED_OUT));

        assertThat(turnstile.passIfFree(ran::incrementAndGet)).isFalse();
        leave.countDown();
        occupant.join();
        assertThat(ran).hasValue(0);
    }

    @Test
    void who_finds_it_full_is_refused_at_once() throws InterruptedException {
        var turnstile = new Turnstile("the test", 1, Duration.ofMinutes(1));
        var inside = new CountDownLatch(1);
        var leave = new CountDownLatch(1);
        Thread occupant = Thread.ofVirtual().start(() -> turnstile.pass(() -> occupy(inside, leave)));
        inside.await();
        var ran = new AtomicInteger();
        Thread waiter = Thread.ofVirtual().start(() -> turnstile.pass(() -> {
            ran.incrementAndGet();
        }));
        await().until(() -> waiter.getState() == Thread.State.TIMED_WAITING);

        assertThatThrownBy(() -> turnstile.pass(() -> {
            ran.incrementAndGet();
        })).isInstanceOfSatisfying(RefusedException.class,
                refused -> assertThat(refused.code()).isEqualTo(ErrorCode.QUEUE_FULL));

        leave.countDown();
        occupant.join();
        waiter.join();
        assertThat(ran).hasValue(1);
    }

    private static void occupy(CountDownLatch inside, CountDownLatch leave) {
        inside.countDown();
        try {
            leave.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
