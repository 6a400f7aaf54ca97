package io.millrace.coordinator.controller.reassignment;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.millrace.coordinator.controller.ControllerRole;
import java.util.function.ToIntFunction;
import org.springframework.stereotype.Component;

/** Meters of reassignments, as the controller counted them last; 0 on coordinators that are not the controller. */
@Component
class MoveMetrics implements MeterBinder {
    private final ControllerRole role;
    private volatile MoveCounts counts = MoveCounts.NONE;

    MoveMetrics(ControllerRole role) {
        this.role = role;
    }

    void counted(MoveCounts counted) {
        counts = counted;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        gauge(registry, "moving", "Partitions whose replicas are being moved", MoveCounts::moving);
        gauge(registry, "waiting", "Partitions whose replicas are to be moved", MoveCounts::waiting);
        gauge(registry, "stuck",
                "Partitions whose move cannot go on: a broker or the leader is away, or too few are in sync",
                MoveCounts::stuck);
    }

    private void gauge(MeterRegistry registry, String name, String description, ToIntFunction<MoveCounts> count) {
        Gauge.builder("millrace.controller.reassignments." + name, this,
                it -> it.role.isActive() ? count.applyAsInt(it.counts) : 0).description(description).register(registry);
    }
}
