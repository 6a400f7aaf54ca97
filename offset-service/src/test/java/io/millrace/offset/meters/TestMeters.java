package io.millrace.offset.meters;

import io.micrometer.core.instrument.MeterRegistry;

/** Opens the package's door to the tests of others. */
public final class TestMeters {
    private TestMeters() {}

    public static OffsetMeters of(MeterRegistry registry) {
        return new OffsetMeters(registry);
    }
}
