package io.millrace.workbench.suite;

import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/** Ports for a suite beside others, as tests and benchmarks need. */
public final class FreePorts {
    /** Below the ports that operating systems give to outgoing connections. */
    private static final int LOWEST = 15_000;
    private static final int HIGHEST = 30_000;
    private static final int FIXED_PORTS = 5;
    private static final int ATTEMPTS = 200;

    private FreePorts() {}

    /** A run of ports, free just now, for a suite with this many brokers. */
    public static Ports find(int brokers, RandomGenerator random) {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            int base = random.nextInt(LOWEST, HIGHEST);
            if (IntStream.range(base, base + FIXED_PORTS + 2 * brokers).allMatch(port -> PortOwner.isFree(
                    SuiteSettings.LOOPBACK, port))) {
                return new Ports(base, base + 1, base + 2, base + 3, base + 4, base + FIXED_PORTS,
                        base + FIXED_PORTS + brokers);
            }
        }
        throw new LaunchRefusedException("no run of free ports found between " + LOWEST + " and " + HIGHEST);
    }
}
