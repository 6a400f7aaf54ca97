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
    private final List<String> removed = new ArrayList<>();

    /** Gives each broker the next number, and refuses to let broker 0 go. */
    private final class Two implements Requests.Brokers {
        @Override
        public String addBroker() {
            return "broker-2";
        }

        @Override
        public void removeBroker(String name) {
            if (name.equals("broker-0")) {
                throw new LaunchRefusedException("the last one");
            }
            removed.add(name);
        }
    }

    @BeforeEach
    void in_a_new_directory() {
        directories = new SuiteDirectories(data);
    }

    @Test
    void what_is_asked_for_is_carried_out_and_answered() throws Exception {
        try (ExecutorService asking = Executors.newSingleThreadExecutor()) {
            Future<String> added = asking.submit(() -> Requests.addBroker(directories, PATIENCE));
            await().atMost(PATIENCE).until(this::carryOut);
            assertThat(added.get()).isEqualTo("broker-2");

            Future<?> gone = asking.submit(() -> {
                Requests.removeBroker(directories, 1, PATIENCE);
                return null;
            });
            await().atMost(PATIENCE).until(this::carryOut);
            gone.get();
        }
        assertThat(removed).containsExactly("broker-1");
        assertThat(carryOut()).isFalse();
        assertThat(directories.requests()).isEmptyDirectory();
    }

    @Test
    void a_refusal_is_told_in_its_words() throws Exception {
        try (ExecutorService asking = Executors.newSingleThreadExecutor()) {
            Future<?> refused = asking.submit(() -> {
                Requests.removeBroker(directories, 0, PATIENCE);
                return null;
            });
            await().atMost(PATIENCE).until(this::carryOut);
            assertThatThrownBy(refused::get).hasCauseInstanceOf(LaunchRefusedException.class).hasMessageContaining(
                    "the last one");
        }
    }

    @Test
    void what_nobody_answers_is_asked_for_no_longer() throws IOException {
        assertThatThrownBy(() -> Requests.addBroker(directories, Duration.ZERO)).isInstanceOf(
                LaunchRefusedException.class).hasMessageContaining("did not answer");
        assertThat(directories.requests()).isEmptyDirectory();
    }

    @Test
    void the_same_twice_at_a_time_is_refused_and_what_was_left_over_is_forgotten() throws IOException {
        Files.createDirectories(directories.requests());
        Files.createFile(directories.requests().resolve("add-broker"));
        assertThatThrownBy(() -> Requests.addBroker(directories, PATIENCE)).hasMessageContaining("already");

        Requests.forget(directories);

        assertThat(directories.requests()).doesNotExist();
    }

    private boolean carryOut() throws InterruptedException {
        return Requests.carryOut(directories, new Two(), line -> {});
    }
}
