package io.millrace.workbench.suite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RequestsTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @TempDir
    private Path data;

    private SuiteDirectories directories;
    private OpenRequests open;
    private final List<String> done = new ArrayList<>();
    private final Map<Integer, CompletableFuture<Void>> ending = new ConcurrentHashMap<>();

    /** Numbers the brokers on, ends them when the test says so, and refuses to put broker 0 aside. */
    private final class Brokers implements OpenRequests.Brokers {
        private int next = 2;

        @Override
        public String addBroker() {
            return "broker-" + next++;
        }

        @Override
        public CompletableFuture<Void> endBroker(int broker) {
            return ending.computeIfAbsent(broker, ignored -> new CompletableFuture<>());
        }

        @Override
        public void dismissBroker(int broker) {
            done.add("dismissed " + broker);
        }

        @Override
        public void putAsideBroker(int broker) {
            if (broker == 0) {
                throw new LaunchRefusedException("its directory stays");
            }
            done.add("put aside " + broker);
        }
    }

    @BeforeEach
    void in_a_new_directory() {
        directories = new SuiteDirectories(data);
        open = new OpenRequests(directories.requests(), new Brokers(), line -> {});
    }

    @Test
    void two_that_ask_for_the_same_at_a_time_both_get_it() throws Exception {
        try (ExecutorService asking = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<String> one = asking.submit(() -> Requests.addBroker(directories, PATIENCE));
            Future<String> two = asking.submit(() -> Requests.addBroker(directories, PATIENCE));
            carryOutUntilDone(one, two);
            assertThat(List.of(one.get(), two.get())).containsExactlyInAnyOrder("broker-2", "broker-3");
        }
        assertThat(open.carryOut()).isFalse();
        assertThat(directories.requests()).isEmptyDirectory();
    }

    @Test
    void what_takes_long_holds_up_nobody_else_and_is_answered_when_it_is_done() throws Exception {
        try (ExecutorService asking = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<?> gone = asking.submit(() -> end(1));
            await().atMost(PATIENCE).until(() -> {
                open.carryOut();
                return ending.containsKey(1);
            });
            Future<String> added = asking.submit(() -> Requests.addBroker(directories, PATIENCE));
            carryOutUntilDone(added);
            assertThat(gone.isDone()).isFalse();
            assertThat(done).isEmpty();

            ending.get(1).complete(null);
            carryOutUntilDone(gone);
            assertThat(done).containsExactly("dismissed 1");
            assertThat(directories.requests()).isEmptyDirectory();
        }
    }

    @Test
    void what_is_done_may_be_asked_for_again() throws Exception {
        ending.put(1, CompletableFuture.completedFuture(null));
        try (ExecutorService asking = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int time = 0; time < 2; time++) {
                Future<?> gone = asking.submit(() -> end(1));
                carryOutUntilDone(gone);
                gone.get();
            }
        }
        assertThat(done).containsExactly("dismissed 1", "dismissed 1");
    }

    @Test
    void a_refusal_and_a_failure_are_told_in_their_words() throws Exception {
        ending.put(1, CompletableFuture.failedFuture(new IllegalStateException("it does not die")));
        try (ExecutorService asking = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<?> refused = asking.submit(() -> {
                Requests.putAsideBroker(directories, 0, PATIENCE);
                return null;
            });
            Future<?> failed = asking.submit(() -> end(1));
            carryOutUntilDone(refused, failed);
            assertThatThrownBy(refused::get).hasCauseInstanceOf(LaunchRefusedException.class).hasMessageContaining(
                    "its directory stays");
            assertThatThrownBy(failed::get).hasCauseInstanceOf(LaunchRefusedException.class).hasMessageContaining(
                    "it does not die");
        }
        assertThat(done).isEmpty();
    }

    @Test
    void what_nobody_answers_is_asked_for_no_longer() throws IOException {
        assertThatThrownBy(() -> Requests.addBroker(directories, Duration.ZERO)).isInstanceOf(
                LaunchRefusedException.class).hasMessageContaining("did not answer");
        assertThat(directories.requests()).isEmptyDirectory();
    }

    @Test
    void what_was_left_over_is_forgotten() throws IOException {
        Files.createDirectories(directories.requests());
        Files.createFile(directories.requests().resolve("add-broker.00000000-0000-0000-0000-000000000000"));

        OpenRequests.forget(directories);

        assertThat(directories.requests()).doesNotExist();
    }

    private Void end(int broker) throws IOException, InterruptedException {
        Requests.endBroker(directories, broker, PATIENCE);
        return null;
    }

    private void carryOutUntilDone(Future<?>... asked) {
        await().atMost(PATIENCE).until(() -> {
            open.carryOut();
            return List.of(asked).stream().allMatch(Future::isDone);
        });
    }
}
