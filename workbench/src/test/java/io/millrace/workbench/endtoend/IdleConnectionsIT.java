package io.millrace.workbench.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.UnixOperatingSystemMXBean;
import io.millrace.workbench.bench.Figures;
import io.millrace.workbench.bench.IdleConnectionsLoad;
import io.millrace.workbench.suite.Suite;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;

/** 5,000 clients of a broker, of which ten have something to do. What it costs exactly is a figure of {@code ./millrace bench}. */
@WithSteadySuite
@Order(8)
class IdleConnectionsIT {
    private static final int IDLE = 4_990;
    private static final int FILES = IDLE + 1_000;
    private static final Duration DURATION = Duration.ofSeconds(2);
    private static final double MOST_HEAP_KIB = 100 * 1024.0 / IDLE;
    /** Beside other tests: work that grows with the connections would make a hundredth of it. */
    private static final double LEAST_SHARE = 0.1;

    private final Suite suite;

    IdleConnectionsIT(Suite suite) {
        this.suite = suite;
    }

    @Test
    void thousands_of_silent_clients_cost_little_and_slow_nobody_down() throws Exception {
        long files = ((UnixOperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                .getMaxFileDescriptorCount();
        assumeTrue(files > FILES, "left out: a process may have " + files + " files open here, which is too few");

        Figures figures = new IdleConnectionsLoad(suite.bootstrapServers().split(",")[0], suite.pid("broker-0"),
                DURATION).run(IDLE);

        System.out.println(figures);
        assertThat(figures.details().get(IdleConnectionsLoad.HEAP_EACH)).isLessThan(MOST_HEAP_KIB);
        assertThat(figures.details().get(IdleConnectionsLoad.BESIDE)).isGreaterThan(LEAST_SHARE * figures.details().get(
                IdleConnectionsLoad.ALONE));
    }
}
