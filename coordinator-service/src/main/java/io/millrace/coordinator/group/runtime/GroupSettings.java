package io.millrace.coordinator.group.runtime;

import io.millrace.coordinator.group.AssignorName;
import io.millrace.coordinator.group.GroupLimits;
import io.millrace.coordinator.group.classic.ClassicLimits;
import jakarta.validation.Valid;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;
import org.springframework.validation.annotation.Validated;

/**
 * Limits and times of consumer groups.
 *
 * @param assignor              used where members wish for no other
 * @param maxGroups             groups of one coordinator; more are refused with 429
 * @param maxMembers            members of one group; more are refused with 429
 * @param maxSubscribedTopics   topics that a subscription names; more are refused with 422
 * @param maxPatternLength      characters of a topic pattern; longer ones are refused with 422
 * @param maxMemory             what members of all this coordinator's groups say and are assigned may take; beyond it, who joins or says
 *                              more is refused with 429, and one of the classic protocol told to ask again later
 * @param minSessionTimeout     shorter session timeouts are refused with 422
 * @param maxSessionTimeout     longer ones too
 * @param requestsWaiting       requests that wait for one group; more are refused with 503
 * @param requestPatience       how long such a request waits; then 503
 * @param requestsAtOnce        requests to one group whose changes are stored in one transaction; others wait for the next
 * @param expiryInterval        how often sessions are looked through
 * @param expiriesAtOnce        groups whose members expire, or which are told of topics, at the same time; others wait. Below the
 *                              size of the connection pool, so that clients' requests find connections meanwhile
 * @param emptyGroupRetention   how long a group stays that has no members, no HTTP consumers and no committed offsets (those go by
 *                              the offset service's retention); counted from when its coordinator first saw it so, or it was last
 *                              used. It is removed within twice this time
 * @param emptyGroupsAtOnce     groups that are looked at for this in one statement; others wait
 * @param classic               of groups whose members speak the classic protocol
 */
@Validated
@ConfigurationProperties(prefix = "millrace.group", ignoreUnknownFields = false)
public record GroupSettings(@NotNull @DefaultValue("STICKY") AssignorName assignor,
        @Min(1) @DefaultValue("10000") int maxGroups, @Min(1) @DefaultValue("1000") int maxMembers,
        @Min(1) @DefaultValue("100000") int maxSubscribedTopics, @Min(1) @DefaultValue("4096") int maxPatternLength,
        @NotNull @DefaultValue("128MB") DataSize maxMemory,
        @NotNull @DefaultValue("1s") Duration minSessionTimeout,
        @NotNull @DefaultValue("30m") Duration maxSessionTimeout,
        @Min(1) @DefaultValue("2000") int requestsWaiting, @NotNull @DefaultValue("5s") Duration requestPatience,
        @Min(1) @DefaultValue("200") int requestsAtOnce,
        @NotNull @DefaultValue("250ms") Duration expiryInterval,
        @Min(1) @DefaultValue("4") int expiriesAtOnce,
        @NotNull @DefaultValue("10m") Duration emptyGroupRetention,
        @Min(1) @DefaultValue("1000") int emptyGroupsAtOnce, @NotNull @Valid @DefaultValue ClassicSettings classic) {
    GroupLimits limits() {
        return new GroupLimits(maxMembers, maxSubscribedTopics, maxPatternLength,
                Math.toIntExact(minSessionTimeout.toMillis()), Math.toIntExact(maxSessionTimeout.toMillis()));
    }

    ClassicLimits classicLimits() {
        return new ClassicLimits(maxMembers, classic.maxProtocols(), Math.toIntExact(classic.maxMetadata().toBytes()),
                Math.toIntExact(classic.maxAssignment().toBytes()), classic.maxGroup().toBytes(), Math.toIntExact(
                        minSessionTimeout.toMillis()),
                Math.toIntExact(maxSessionTimeout.toMillis()), Math.toIntExact(classic.newMemberTimeout().toMillis()),
                Math.toIntExact(classic.initialRebalanceDelay()
                        .toMillis()));
    }
}
