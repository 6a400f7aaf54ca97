package io.millrace.workbench.suite;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Watches a suite that is up. A process that dies by itself is reported and started again as {@link RestartPolicy} says; one that keeps
 * dying is left down, and the others go on.
 */
public final class Supervisor {
    /** What the loop waits for. */
    private sealed interface Event {
        record Died(String name, long pid) implements Event {}

        record RestartDue(String name) implements Event {}
    }

    private static final int REPORTED_LINES = 5;

    private final Suite suite;
    private final Progress progress;
    private final LinkedBlockingQueue<Event> events = new LinkedBlockingQueue<>();
    private final Map<String, List<Long>> deathsMs = new HashMap<>();
    private final Set<Long> watchedPids = new HashSet<>();

    public Supervisor(Suite suite, Progress progress) {
        this.suite = suite;
        this.progress = progress;
    }

    /** Watches until the thread is interrupted. */
    public void run() throws IOException {
        watchAll();
        Thread training = Thread.ofPlatform().daemon().name("training").start(this::train);
        try {
            while (true) {
                switch (events.take()) {
                    case Event.Died(String name, long pid) -> died(name, pid);
                    case Event.RestartDue(String name) -> restart(name);
                }
            }
        } catch (InterruptedException e) {
            training.interrupt();
        }
    }

    private void train() {
        try {
            suite.trainForQuickerStarts(true);
        } catch (InterruptedException e) {
            // the suite is going down; the next one trains
        }
    }

    private void watchAll() {
        suite.running().values().stream().filter(service -> watchedPids.add(service.identity().pid()))
                .forEach(service -> service.onExit().thenAccept(
                        process -> events.add(new Event.Died(service.name(), process.pid()))));
    }

    private void died(String name, long pid) {
        watchedPids.remove(pid);
        long nowMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime());
        List<Long> deaths = deathsMs.computeIfAbsent(name, ignored -> new ArrayList<>());
        deaths.add(nowMs);
        progress.say(name + " (pid " + pid + ") died; the last it said:");
        suite.lastWords(name).reversed().stream().limit(REPORTED_LINES).toList().reversed()
                .forEach(line -> progress.say("  " + line));
        Duration delay = RestartPolicy.DEFAULT.delay(deaths, nowMs);
        if (delay == null) {
            progress.say(name + " died " + RestartPolicy.DEFAULT.maxDeaths() + " times within "
                    + RestartPolicy.DEFAULT.window().toMinutes() + " minutes and is left down; its log: "
                    + suite.log(name));
        } else {
            progress.say("starting " + name + " again" + (delay.isZero() ? "" : " in " + delay.toSeconds() + " s"));
            CompletableFuture.delayedExecutor(delay.toMillis(), TimeUnit.MILLISECONDS)
                    .execute(() -> events.add(new Event.RestartDue(name)));
        }
    }

    private void restart(String name) throws IOException {
        suite.start(name);
        watchAll();
    }
}
