package io.millrace.workbench.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.workbench.failover.Outcome;
import io.millrace.workbench.failover.Scenario;
import io.millrace.workbench.failover.SuiteCluster;
import io.millrace.workbench.failover.Trial;
import io.millrace.workbench.suite.Suite;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Some of what {@code ./millrace failover} does, once each: here it is about what is stored; how long it takes is printed. */
@WithSuite
class FailoverIT {
    private final Suite suite;

    FailoverIT(Suite suite) {
        this.suite = suite;
    }

    @ParameterizedTest
    @EnumSource(names = {"KILL", "ROLLING"})
    void nothing_is_lost_or_doubled_and_no_client_sees_an_error(Scenario scenario) throws Exception {
        Outcome outcome = Trial.run(new SuiteCluster(suite), scenario, 1, System.out::println);
        outcome.figures().forEach(System.out::println);
        assertThat(outcome.anomalies()).isEmpty();
        assertThat(outcome.failures()).as("what clients were told").isEmpty();
        assertThat(outcome.acknowledged()).isGreaterThan(5_000);
    }
}
