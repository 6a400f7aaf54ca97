package io.millrace.workbench.suite;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Lets a command tidy up when it is asked to end (Ctrl-C, SIGTERM, the terminal closed): its thread is interrupted and waited for. */
public final class EndOnSignal {
    /** An orderly end takes at most the sum of the processes' patience; after this the launcher gives up on it. */
    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(90);
    private static final int ENDED = 0;

    private EndOnSignal() {}

    /** Runs the command on this thread; an interrupted one has ended as asked. */
    public static int run(Callable<Integer> command) throws Exception {
        Thread runner = Thread.currentThread();
        CountDownLatch ended = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(() -> {
            runner.interrupt();
            await(ended);
        }));
        try {
            return command.call();
        } catch (InterruptedException e) {
            return ENDED;
        } finally {
            ended.countDown();
        }
    }

    private static void await(CountDownLatch ended) {
        try {
            if (!ended.await(STOP_TIMEOUT.toSeconds(), TimeUnit.SECONDS)) {
                System.err.println("millrace: not everything stopped within " + STOP_TIMEOUT.toSeconds()
                        + " s; the next \"up\" or \"down\" ends what is left");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
