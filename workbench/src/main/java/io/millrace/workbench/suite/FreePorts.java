package io.millrace.workbench.suite;

import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/** Ports for a suite beside others, as tests and benchmarks need. */
public final class FreePorts {
    /** Below the ports that operating systems give to outgoing connections. */
    private static final int LOWEST = 15_000;
    private static final int HIGHEST = 30_000;
    private static final int FIXED_PORTS = 6;
    private static final int PORTS_OF_A_BROKER = 2;
    private static final int ATTEMPTS = 200;

    private FreePorts() {}

    /** Ports, free just now, for a suite of this size. */
    public static Ports find(SuiteSize size, RandomGenerator random) {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            int base = random.nextInt(LOWEST, HIGHEST);
            int first = base;
            IntStream ofFirst = IntStream.range(0, FIXED_PORTS + PORTS_OF_A_BROKER * size.brokers());
            IntStream ofOthers = IntStream.range(1, SuiteSize.MAX_OTHERS)
                    .flatMap(index -> IntStream.range(0, FIXED_PORTS).map(port -> port + index * Ports.STEP));
            if (IntStream.concat(ofFirst, ofOthers).allMatch(port -> PortOwner.isFree(SuiteSettings.LOOPBACK, first
                    + port))) {
                return new Ports(base, base + 1, base + 2, base + 3, base + 4, base + FIXED_PORTS,
                        base + FIXED_PORTS + size.brokers(), base + 5);
            }
        }
        throw new LaunchRefusedException("no run of free ports found between " + LOWEST + " and " + HIGHEST);
    }
}
