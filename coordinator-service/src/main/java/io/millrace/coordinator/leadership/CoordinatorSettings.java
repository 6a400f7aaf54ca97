package io.millrace.coordinator.leadership;

import io.millrace.common.lease.LeaseTiming;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * A coordinator among others. Its leases are shorter than the brokers': one that is lost for a while costs no election, only a shard
 * that is loaded again.
 *
 * @param advertisedHost     under which the other services reach this coordinator
 * @param leaseTtl           after which silence others take its leases, the same in every coordinator; see {@link LeaseTiming}
 * @param leaseRenewInterval from one renewal of all its leases to the next
 * @param leaseMargin        how much earlier than PostgreSQL it considers a lease ended
 */
@Validated
@ConfigurationProperties(prefix = "millrace.coordinator", ignoreUnknownFields = false)
record CoordinatorSettings(@NotBlank @DefaultValue("127.0.0.1") String advertisedHost,
        @NotNull @DefaultValue("1500ms") Duration leaseTtl,
        @NotNull @DefaultValue("250ms") Duration leaseRenewInterval,
        @NotNull @DefaultValue("200ms") Duration leaseMargin) {
    CoordinatorSettings {
        new LeaseTiming(leaseTtl, leaseRenewInterval, leaseMargin);
    }

    LeaseTiming leaseTiming() {
        return new LeaseTiming(leaseTtl, leaseRenewInterval, leaseMargin);
    }
}
