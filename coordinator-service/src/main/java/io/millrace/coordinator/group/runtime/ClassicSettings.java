package io.millrace.coordinator.group.runtime;

import jakarta.validation.constraints.NotNull;
import java.time.Duration;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Groups of the classic protocol.
 *
 * @param initialRebalanceDelay how long an empty group waits for more members once the first has come, so that consumers which start
 *                              together rebalance once (Kafka's {@code group.initial.rebalance.delay.ms})
 * @param maxMetadata           all that one member says of its protocols; more is refused with {@code INVALID_REQUEST}
 * @param maxAssignment         what a leader assigns to one member; more is refused likewise
 */
public record ClassicSettings(@NotNull @DefaultValue("3s") Duration initialRebalanceDelay,
        @NotNull @DefaultValue("1MB") DataSize maxMetadata, @NotNull @DefaultValue("1MB") DataSize maxAssignment) {
    public ClassicSettings {
        if (initialRebalanceDelay.isNegative()) {
            throw new IllegalArgumentException("initial-rebalance-delay must not be negative: "
                    + initialRebalanceDelay);
        }
    }
}
