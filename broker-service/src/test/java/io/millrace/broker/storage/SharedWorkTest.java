package io.millrace.broker.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class SharedWorkTest {
    private final ArrayDeque<Runnable> queue = new ArrayDeque<>();
    private int runs;
    private Runnable duringRun = () -> {};
    private final SharedWork work = new SharedWork(queue::add, () -> {
        runs++;
        duringRun.run();
    });

    @Test
    void all_who_ask_before_it_runs_have_one_run() {
        CompletableFuture<Void> first = work.run();
        CompletableFuture<Void> second = work.run();
        assertThat(queue).hasSize(1);

        queue.remove().run();

        assertThat(first).isCompleted();
        assertThat(second).isCompleted();
        assertThat(runs).isOne();
    }

    @Test
    void who_asks_while_it_runs_has_the_next_run() {
        CompletableFuture<?>[] late = new CompletableFuture<?>[1];
        duringRun = () -> late[0] = work.run();
        work.run();

        queue.remove().run();

        assertThat(late[0]).isNotDone();
        duringRun = () -> {};
        queue.remove().run();
        assertThat(late[0]).isCompleted();
        assertThat(runs).isEqualTo(2);
    }

    @Test
    void a_run_that_fails_fails_those_who_waited_and_no_others() {
        duringRun = () -> {
            throw new IllegalStateException("the disk is full");
        };
        CompletableFuture<Void> failed = work.run();
        queue.remove().run();
        duringRun = () -> {};
        CompletableFuture<Void> next = work.run();
        queue.remove().run();

        assertThat(failed).isCompletedExceptionally();
        assertThat(next).isCompleted();
    }
}
