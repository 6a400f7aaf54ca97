package io.millrace.workbench.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.workbench.failover.Outcome;
import io.millrace.workbench.failover.Scenario;
import io.millrace.workbench.failover.SuiteCluster;
import io.millrace.workbench.failover.Trial;
import io.millrace.workbench.suite.Suite;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;

/** Some of what {@code ./millrace failover} does: here it is about what is stored; how long it takes is printed. */
@WithSuite
@Order(4)
class FailoverIT {
    /** Enough that many are under way at whatever moment; not so many that beside other tests the machine is what clients wait for. */
    private static final int RECORDS_PER_SECOND = 400;

    private final Suite suite;

    FailoverIT(Suite suite) {
        this.suite = suite;
    }

    @Test
    void a_rolling_restart_loses_and_doubles_nothing_and_no_client_sees_an_error() throws Exception {
        Outcome outcome = Trial.run(new SuiteCluster(suite), Scenario.ROLLING, 1, RECORDS_PER_SECOND,
                System.out::println);
        outcome.figures().forEach(System.out::println);
        assertThat(outcome.anomalies()).isEmpty();
        assertThat(outcome.failures()).as("what clients were told").isEmpty();
        assertThat(outcome.acknowledged()).isGreaterThan(5_000);
    }
}
