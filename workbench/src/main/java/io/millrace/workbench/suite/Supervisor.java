package io.millrace.workbench.suite;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
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
        record Died(String name, ProcessIdentity process) implements Event {}

        record RestartDue(String name) implements Event {}
    }

    private static final int REPORTED_LINES = 5;

    /** How often it is looked what other commands ask for. */
    private static final Duration REQUEST_INTERVAL = Duration.ofMillis(250);
    /** How often what the processes write to their standard output is held to its bound. */
    private static final Duration TIDY_INTERVAL = Duration.ofSeconds(10);

    private final Supervised suite;
    private final Progress progress;
    private final LinkedBlockingQueue<Event> events = new LinkedBlockingQueue<>();
    private final Map<String, List<Long>> deathsMs = new HashMap<>();
    private final Set<ProcessIdentity> watched = new HashSet<>();

    public Supervisor(Suite suite, Progress progress) {
        this((Supervised) suite, progress);
    }

    Supervisor(Supervised suite, Progress progress) {
        this.suite = suite;
        this.progress = progress;
    }

    /** Watches until the thread is interrupted. */
    public void run() {
        watchAll();
        Thread training = Thread.ofPlatform().daemon().name("training").start(this::train);
        try {
            long tidiedNanos = System.nanoTime();
            while (true) {
                switch (events.poll(REQUEST_INTERVAL.toMillis(), TimeUnit.MILLISECONDS)) {
                    case Event.Died(String name, ProcessIdentity process) -> died(name, process);
                    case Event.RestartDue(String name) -> restart(name);
                    case null -> {} // nothing has happened to any of them
                }
                if (suite.carryOutRequests()) {
                    watchAll();
                }
                if (System.nanoTime() - tidiedNanos > TIDY_INTERVAL.toNanos()) {
                    suite.boundConsoles();
                    tidiedNanos = System.nanoTime();
                }
            }
        } catch (InterruptedException e) {
            training.interrupt();
        }
    }

    private void train() {
        try {
            suite.trainForQuickerStarts();
        } catch (InterruptedException e) {
            // the suite is going down; the next one trains
        }
    }

    /** Each process is watched once: a dead one stays among the running until it is started again. */
    private void watchAll() {
        Collection<RunningService> running = suite.running().values();
        watched.retainAll(running.stream().map(RunningService::identity).toList());
        for (RunningService service : running) {
            ProcessIdentity process = service.identity();
            if (watched.add(process)) {
                service.onExit().thenRun(() -> events.add(new Event.Died(service.name(), process)));
            }
        }
    }

    private void died(String name, ProcessIdentity process) {
        RunningService current = suite.running().get(name);
        if (current == null || !current.identity().equals(process)) {
            return; // it was ended on purpose, or another has taken its place
        }
        progress.say(name + " (pid " + process.pid() + ") died; the last it said:");
        suite.lastWords(name).reversed().stream().limit(REPORTED_LINES).toList().reversed()
                .forEach(line -> progress.say("  " + line));
        startAgain(name);
    }

    private void startAgain(String name) {
        long nowMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime());
        List<Long> deaths = deathsMs.computeIfAbsent(name, ignored -> new ArrayList<>());
        deaths.add(nowMs);
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

    private void restart(String name) {
        RunningService current = suite.running().get(name);
        if (current == null || current.isAlive()) {
            return; // it was ended on purpose meanwhile, or runs
        }
        try {
            suite.start(name);
        } catch (IOException e) { // as when the disk is full: the others go on, and this one counts as a death
            progress.say(name + " could not be started: " + e);
            startAgain(name);
        } finally {
            watchAll();
        }
    }
}
