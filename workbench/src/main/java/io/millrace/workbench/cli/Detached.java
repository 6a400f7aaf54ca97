package io.millrace.workbench.cli;

import io.millrace.workbench.suite.BackgroundLauncher;
import io.millrace.workbench.suite.RunState;
import io.millrace.workbench.suite.SuiteDirectories;
import io.millrace.workbench.suite.SuiteSettings;
import io.millrace.workbench.suite.SuiteSize;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** {@code up --detach}: the same {@code up} in the background, followed until the suite is ready. */
final class Detached {
    private static final long POLL_MS = 50;
    /** Beyond the suite's own bound: laying out jars, ending leftovers, stopping what failed. */
    private static final Duration ALLOWANCE = Duration.ofSeconds(120);

    private Detached() {}

    static int start(SuiteDirectories directories, SuiteSize size, int waitSeconds)
            throws IOException, InterruptedException {
        FollowedLog log = new FollowedLog(directories.launcherLog(), System.out::println);
        Process launcher = BackgroundLauncher.start(SuiteSettings.projectRoot(), directories,
                List.of("up", "--data", directories.data().toString(), "--brokers", Integer.toString(size.brokers()),
                        "--coordinators", Integer.toString(size.coordinators()), "--gateways",
                        Integer.toString(size.gateways()), "--offsets", Integer.toString(size.offsets()), "--wait",
                        Integer.toString(waitSeconds)));
        long deadline = System.nanoTime() + Duration.ofSeconds(waitSeconds).plus(ALLOWANCE).toNanos();
        while (System.nanoTime() - deadline < 0) {
            boolean alive = launcher.isAlive();
            boolean ready = alive && isReady(directories, launcher.pid());
            log.passNew();
            if (!alive) {
                return launcher.exitValue() == 0 ? 0 : 1;
            }
            if (ready) {
                System.out.println("It runs in the background (pid " + launcher.pid()
                        + "): ./millrace status, ./millrace logs, ./millrace down");
                return 0;
            }
            TimeUnit.MILLISECONDS.sleep(POLL_MS);
        }
        System.err.println("millrace: no answer from the launcher in the background (pid " + launcher.pid()
                + "); its log: " + directories.launcherLog());
        return 1;
    }

    private static boolean isReady(SuiteDirectories directories, long launcherPid) {
        return RunState.read(directories)
                .filter(state -> state.supervisor().pid() == launcherPid)
                .filter(state -> state.phase() == RunState.Phase.READY)
                .isPresent();
    }
}
