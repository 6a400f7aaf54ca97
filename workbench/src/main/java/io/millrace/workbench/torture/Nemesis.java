package io.millrace.workbench.torture;

import io.millrace.workbench.suite.Commands;
import io.millrace.workbench.suite.LaunchRefusedException;
import io.millrace.workbench.suite.Progress;
import io.millrace.workbench.suite.Suite;
import io.millrace.workbench.torture.load.Moves;
import io.millrace.workbench.torture.load.Recorder;
import io.millrace.workbench.torture.plan.Fault;
import io.millrace.workbench.torture.plan.Step;
import io.millrace.workbench.torture.proxy.FaultProxy;
import io.millrace.workbench.torture.proxy.LinkState;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Does the faults of a plan to a suite, one after the other, and puts right what each has left. */
final class Nemesis {
    /** Generous: a process that starts beside a dozen busy ones on two cores takes its time. */
    private static final Duration READY_TIMEOUT = Duration.ofSeconds(180);
    /** The longest that a broker takes to hand over and end. */
    private static final Duration END_TIMEOUT = Duration.ofSeconds(30);
    private static final Duration POLL_INTERVAL = Duration.ofMillis(50);
    private static final String LIMITER = "prlimit";

    private final TorturedSuite tortured;
    private final Suite suite;
    private final Recorder recorder;
    private final Progress progress;
    private final Moves moves;

    Nemesis(TorturedSuite tortured, Recorder recorder, Progress progress) {
        this.tortured = tortured;
        this.suite = tortured.suite();
        this.recorder = recorder;
        this.progress = progress;
        this.moves = new Moves(suite.gatewayUrls(), recorder);
    }

    /** Whether files of a running process can be kept from growing here. */
    static boolean canFillDisks() {
        return Commands.isOnPath(LIMITER);
    }

    /** Begins no further step after {@code length}. */
    List<Survived> run(List<Step> plan, Duration length) throws IOException, InterruptedException {
        List<Survived> survived = new ArrayList<>();
        long endMs = recorder.nowMs() + length.toMillis();
        for (Step step : plan) {
            TimeUnit.NANOSECONDS.sleep(step.rest().toNanos());
            if (recorder.nowMs() >= endMs) {
                break;
            }
            long startMs = recorder.nowMs();
            progress.say(String.format(Locale.ROOT, "%7.1f s  %s", startMs / 1000.0, describe(step)));
            befall(step);
            restore(step.fault());
            survived.add(new Survived(step.fault(), startMs, recorder.nowMs()));
        }
        return survived;
    }

    static String describe(Step step) {
        return step.fault() + " for " + step.hold().toMillis() + " ms";
    }

    private void befall(Step step) throws IOException, InterruptedException {
        Duration hold = step.hold();
        switch (step.fault()) {
            case Fault.Kill(String process) -> {
                suite.kill(process);
                hold(hold);
                suite.start(process);
            }
            case Fault.Pause(String process) -> {
                signal("STOP", process);
                hold(hold);
                signal("CONT", process);
            }
            case Fault.PostgresAway(boolean isImmediate) -> {
                signal(isImmediate ? "QUIT" : "INT", TorturedSuite.POSTGRES); // as pg_ctl stop does
                awaitDead(TorturedSuite.POSTGRES);
                hold(hold);
                suite.start(TorturedSuite.POSTGRES);
            }
            case Fault.Cut(String source, String target) -> link(source, target, new LinkState.Cut(), hold);
            case Fault.Silence(String source, String target) -> link(source, target, new LinkState.Silent(), hold);
            case Fault.Slow(String source, String target, Duration latency, long bytesPerSecond) -> link(source, target,
                    new LinkState.Slow(latency, bytesPerSecond), hold);
            case Fault.Refuse(String target) -> {
                tortured.proxies(target).forEach(FaultProxy::refuse);
                hold(hold);
            }
            case Fault.DiskFull(String broker) -> {
                limitFiles(broker, "0");
                hold(hold);
                limitFiles(broker, "unlimited");
                restartIfItEnds(broker);
            }
            case Fault.RollingRestart() -> restartAll();
            case Fault.Move(List<Integer> replicas, boolean calledOff, List<Integer> afterwards) -> {
                moves.to(replicas);
                hold(hold);
                if (calledOff) {
                    moves.callOff();
                }
                moves.to(afterwards);
            }
        }
    }

    private void link(String source, String target, LinkState state, Duration hold) throws InterruptedException {
        for (FaultProxy proxy : tortured.proxies(target)) {
            if (source.equals(Fault.EVERYBODY)) {
                proxy.set(state);
            } else {
                proxy.set(source, state);
            }
        }
        hold(hold);
    }

    private void restartAll() throws IOException, InterruptedException {
        for (String process : suite.names()) {
            if (!process.equals(TorturedSuite.POSTGRES)) {
                if (!suite.stop(process)) {
                    recorder.broken(process + " did not stop in order and was killed");
                }
                suite.start(process);
                awaitReady(process);
            }
        }
    }

    /** All links open, all processes there and ready. One that died though nothing was done to it is a finding. */
    private void restore(Fault fault) throws IOException, InterruptedException {
        tortured.heal();
        for (String process : suite.names()) {
            if (!suite.pids().containsKey(process)) {
                recorder.broken(process + " died by itself in: " + fault);
                suite.start(process);
            }
        }
        for (String process : suite.names()) {
            awaitReady(process);
        }
    }

    /** A broker whose disk failed it ends itself, which takes a moment. */
    private void restartIfItEnds(String broker) throws IOException, InterruptedException {
        long deadlineNanos = System.nanoTime() + END_TIMEOUT.toNanos();
        while (System.nanoTime() - deadlineNanos < 0) {
            if (!suite.pids().containsKey(broker)) {
                suite.start(broker);
                return;
            }
            hold(POLL_INTERVAL);
        }
    }

    private void awaitReady(String process) throws IOException, InterruptedException {
        try {
            suite.awaitReady(READY_TIMEOUT, process);
        } catch (LaunchRefusedException e) {
            recorder.broken(process + " is not ready again: " + e.getMessage());
        }
    }

    private void awaitDead(String process) throws InterruptedException {
        long deadlineNanos = System.nanoTime() + READY_TIMEOUT.toNanos();
        while (suite.pids().containsKey(process)) {
            if (System.nanoTime() - deadlineNanos > 0) {
                throw new LaunchRefusedException(process + " does not end");
            }
            hold(POLL_INTERVAL);
        }
    }

    private void limitFiles(String process, String bytes) throws IOException, InterruptedException {
        Long pid = suite.pids().get(process);
        if (pid != null) { // it may have ended at the first write that failed
            run(LIMITER, "--pid", Long.toString(pid), "--fsize=" + bytes + ":");
        }
    }

    private void signal(String signal, String process) throws IOException, InterruptedException {
        Map<String, Long> pids = suite.pids();
        if (pids.containsKey(process)) {
            run("kill", "-" + signal, Long.toString(pids.get(process)));
        }
    }

    private void run(String... command) throws IOException, InterruptedException {
        int status = new ProcessBuilder(command).redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor();
        if (status != 0) {
            recorder.broken(String.join(" ", command) + " ended with " + status);
        }
    }

    private static void hold(Duration time) throws InterruptedException {
        TimeUnit.NANOSECONDS.sleep(time.toNanos());
    }
}
