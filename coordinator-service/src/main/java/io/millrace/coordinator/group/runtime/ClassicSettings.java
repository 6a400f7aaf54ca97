package io.millrace.coordinator.group.runtime;

import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import java.time.Duration;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Groups of the classic protocol.
 *
 * @param initialRebalanceDelay how long an empty group waits for more members once the first has come, so that consumers which start
 *                              together rebalance once (Kafka's {@code group.initial.rebalance.delay.ms})
 * @param newMemberTimeout      how long a new member waits for its first generation; then it is taken for dead, as a connection may have
 *                              ended without a sign (five minutes in Kafka)
 * @param maxProtocols          ways of assigning that one member knows; more are refused with {@code INVALID_REQUEST}
 * @param maxMetadata           all that one member says of its protocols; more is refused likewise
 * @param maxAssignment         what a leader assigns to one member; more is refused likewise
 * @param maxGroup              all that the members of one group say and are assigned, and so what its leader is told; a member that would
 *                              take more is refused with {@code GROUP_MAX_SIZE_REACHED}, an assignment with {@code INVALID_REQUEST}
 */
public record ClassicSettings(@NotNull @DefaultValue("3s") Duration initialRebalanceDelay,
        @NotNull @DefaultValue("5m") Duration newMemberTimeout,
        @Min(1) @DefaultValue("32") int maxProtocols, @NotNull @DefaultValue("1MB") DataSize maxMetadata,
        @NotNull @DefaultValue("1MB") DataSize maxAssignment, @NotNull @DefaultValue("16MB") DataSize maxGroup) {
    public ClassicSettings {
        if (initialRebalanceDelay.isNegative()) {
            throw new IllegalArgumentException("initial-rebalance-delay must not be negative: "
                    + initialRebalanceDelay);
        }
        if (!newMemberTimeout.isPositive()) {
            throw new IllegalArgumentException("new-member-timeout must be positive: " + newMemberTimeout);
        }
    }
}
