package io.millrace.workbench.torture;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.workbench.suite.SuiteDirectories;
import io.millrace.workbench.suite.SuiteSize;
import io.millrace.workbench.suite.TestSuites;
import io.millrace.workbench.torture.plan.Fault;
import io.millrace.workbench.torture.plan.Step;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;

/** The short form of {@code ./millrace torture}: a minute, always the same faults. */
@ResourceLock(TestSuites.OWN)
@Order(1)
class TortureIT {
    private static final SuiteSize SIZE = new SuiteSize(3, 1, 2, 1);
    private static final Duration REST = Duration.ofSeconds(1);
    private static final Duration LENGTH = Duration.ofMinutes(1);
    private static final int LEAST_FAULTS = 4;
    private static final long LEAST_WRITES = 2_000;

    private static Step step(Fault fault, long holdMs) {
        return new Step(REST, fault, Duration.ofMillis(holdMs));
    }

    /** Those from which it takes the longest to recover come last: how many of them are reached depends on the machine. */
    private static final List<Step> PLAN = List.of(
            step(new Fault.Move(List.of(0, 1), false, List.of(2, 0, 1)), 1_500),
            step(new Fault.Pause("broker-0"), 4_500),
            step(new Fault.Silence("broker-2", "broker-0"), 2_000),
            step(new Fault.Cut(Fault.EVERYBODY, "postgres"), 2_000),
            step(new Fault.Slow("broker-1", "broker-2", Duration.ofMillis(50), 1 << 20), 2_000),
            step(new Fault.PostgresAway(true), 2_000),
            step(new Fault.Kill("broker-1"), 1_500),
            step(new Fault.Kill("gateway"), 500));

    /** Beside other tests. */
    private static final Duration READER_PAUSE = Duration.ofMillis(20);

    private static List<Step> plan() {
        if (Nemesis.canFillDisks()) {
            return Stream.concat(PLAN.stream(), Stream.of(step(new Fault.DiskFull("broker-0"), 1_500))).toList();
        }
        System.out.println("left out, for nothing here limits the size of a process' files: a full disk");
        return PLAN;
    }

    @Test
    void nothing_acknowledged_is_lost_doubled_or_moved_whatever_dies() throws Exception {
        Path directory = TestSuites.directory("torture");
        Report report = new Torture(directory, TestSuites.QUICK_COMPILER, SIZE, plan(), LENGTH, READER_PAUSE,
                System.out::println)
                .run();
        System.out.println(report.text());
        assertThat(report.broken()).isEmpty();
        assertThat(report.examples()).isEmpty();
        assertThat(report.isClean()).isTrue();
        assertThat(report.acknowledged()).as("writes: faults without load prove nothing").isGreaterThan(LEAST_WRITES);
        assertThat(report.faults().stream().mapToInt(Report.Row::times).sum()).isGreaterThanOrEqualTo(LEAST_FAULTS);
        SuiteDirectories.deleteRecursively(directory);
    }
}
