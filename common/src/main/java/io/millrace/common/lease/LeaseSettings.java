package io.millrace.common.lease;

import jakarta.validation.constraints.NotNull;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/** Timing of all leases, the same in every process of a cluster; see {@link LeaseTiming}. */
@Validated
@ConfigurationProperties(prefix = "millrace.lease", ignoreUnknownFields = false)
public record LeaseSettings(
        @NotNull @DefaultValue("3s") Duration ttl,
        @NotNull @DefaultValue("500ms") Duration renewInterval,
        @NotNull @DefaultValue("300ms") Duration margin) {
    public LeaseSettings {
        new LeaseTiming(ttl, renewInterval, margin);
    }

    public LeaseTiming timing() {
        return new LeaseTiming(ttl, renewInterval, margin);
    }
}
