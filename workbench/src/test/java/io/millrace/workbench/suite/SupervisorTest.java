package io.millrace.workbench.suite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SupervisorTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @TempDir
    private Path directory;

    private final Map<String, RunningService> running = new ConcurrentHashMap<>();
    private final List<RunningService> started = new CopyOnWriteArrayList<>();
    private final List<String> said = new CopyOnWriteArrayList<>();
    private final List<String> failing = new CopyOnWriteArrayList<>();
    private final Thread supervisor = Thread.ofPlatform().daemon().unstarted(
            () -> new Supervisor(new Sleepers(), said::add).run());

    /** Processes that only wait to be killed. */
    private final class Sleepers implements Supervised {
        @Override
        public Map<String, RunningService> running() {
            return Map.copyOf(running);
        }

        @Override
        public void start(String name) throws IOException {
            if (failing.remove(name)) {
                throw new IOException("no space left");
            }
            RunningService service = RunningService.start(spec(name));
            started.add(service);
            running.put(name, service);
        }

        @Override
        public List<String> lastWords(String name) {
            return List.of();
        }

        @Override
        public Path log(String name) {
            return directory.resolve(name + ".log");
        }

        @Override
        public void boundConsoles() {
            // they say nothing
        }

        @Override
        public boolean carryOutRequests() {
            return false;
        }

        @Override
        public void trainForQuickerStarts() {
            // nothing to train
        }
    }

    private ServiceSpec spec(String name) {
        Path console = directory.resolve(name + ".console");
        return new ServiceSpec(name, List.of("sleep", "600"), Map.of(), console, console, SuiteSettings.LOOPBACK,
                List.of(), null, null, null, Duration.ofSeconds(1));
    }

    @AfterEach
    void nothing_is_left_running() throws Exception {
        supervisor.interrupt();
        supervisor.join(PATIENCE);
        for (RunningService service : started) {
            service.kill();
        }
    }

    @Test
    void two_that_die_together_are_each_started_again_once() throws Exception {
        start("one", "two");
        kill("one");
        kill("two");
        supervisor.start();
        await().atMost(PATIENCE).until(() -> alive("one") && alive("two"));
        kill("one"); // whatever else was on its way has been seen before this one is up again
        await().atMost(PATIENCE).until(() -> alive("one"));

        assertThat(started).extracting(RunningService::name).containsExactlyInAnyOrder("one", "two", "one", "two",
                "one");
        assertThat(started.stream().filter(RunningService::isAlive)).containsExactlyInAnyOrderElementsOf(
                running.values());
        assertThat(said.stream().filter(line -> line.contains(") died"))).doesNotHaveDuplicates().hasSize(3);
    }

    @Test
    void a_start_that_fails_is_reported_and_tried_again() throws Exception {
        start("one", "two");
        failing.add("one");
        supervisor.start();
        kill("one");
        await().atMost(PATIENCE).until(() -> alive("one"));

        assertThat(said).anyMatch(line -> line.contains("one could not be started") && line.contains("no space left"));
        assertThat(supervisor.isAlive()).isTrue();
    }

    @Test
    void one_that_was_ended_on_purpose_is_left_down() throws Exception {
        start("one", "two");
        RunningService ended = running.remove("one");
        ended.kill();
        supervisor.start();
        kill("two");
        await().atMost(PATIENCE).until(() -> alive("two"));

        assertThat(running).containsOnlyKeys("two");
    }

    private void start(String... names) throws IOException {
        for (String name : names) {
            new Sleepers().start(name);
        }
    }

    private void kill(String name) throws Exception {
        RunningService service = running.get(name);
        service.kill();
        service.onExit().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    private boolean alive(String name) {
        return running.get(name).isAlive();
    }
}
