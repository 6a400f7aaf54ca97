package io.millrace.gateway.memory;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;
import org.springframework.stereotype.Component;

/** How much is used of each kind of memory that is counted, and how much there may be. */
@Component
class MemoryMeters {
    MemoryMeters(MeterRegistry registry, List<CountedMemory> kinds) {
        for (CountedMemory each : kinds) {
            Gauge.builder("millrace.memory.used", each.budget(), MemoryBudget::usedBytes).baseUnit("bytes").tag("kind",
                    each.kind()).description("Memory that is counted against a limit").register(registry);
            Gauge.builder("millrace.memory.limit", each.budget(), MemoryBudget::limitBytes).baseUnit("bytes").tag(
                    "kind", each.kind()).description("What there may be of it").register(registry);
        }
    }
}
