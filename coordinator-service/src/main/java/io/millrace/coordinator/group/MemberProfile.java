package io.millrace.coordinator.group;

import io.millrace.coordinator.group.classic.ClassicProfile;
import io.millrace.coordinator.group.classic.HeldBytes;
import org.jspecify.annotations.Nullable;

/**
 * What a member says of itself.
 *
 * @param assignor            the assignor it would like the group to use, or null for no wish
 * @param sessionTimeoutMs    silence after which it counts as dead
 * @param rebalanceTimeoutMs  how long it may hold on to partitions it was told to give up
 * @param instanceId          {@code group.instance.id} of a static member (KIP-345), null of others
 * @param classic             what it said in the classic protocol, of a member that speaks it; null of others
 */
public record MemberProfile(String clientId, String clientHost, Subscription subscription,
        @Nullable AssignorName assignor, int sessionTimeoutMs, int rebalanceTimeoutMs,
        @Nullable String instanceId, @Nullable ClassicProfile classic) {
    public MemberProfile(String clientId, String clientHost, Subscription subscription,
            @Nullable AssignorName assignor, int sessionTimeoutMs, int rebalanceTimeoutMs) {
        this(clientId, clientHost, subscription, assignor, sessionTimeoutMs, rebalanceTimeoutMs, null, null);
    }

    /** About the memory that it takes. */
    public long heldBytes() {
        long bytes = HeldBytes.OBJECT + HeldBytes.of(clientId) + HeldBytes.of(clientHost) + HeldBytes.of(instanceId);
        for (String topic : subscription.topics()) {
            bytes += HeldBytes.of(topic);
        }
        TopicPattern pattern = subscription.pattern();
        if (pattern != null) {
            bytes += pattern.heldBytes();
        }
        return classic == null ? bytes : bytes + classic.heldBytes();
    }

    /** What it leaves out is as before. */
    MemberProfile saying(GroupEvent.Heartbeat heartbeat) {
        Subscription saysSubscription = heartbeat.subscription();
        AssignorName saysAssignor = heartbeat.assignor();
        Integer saysTimeoutMs = heartbeat.rebalanceTimeoutMs();
        return new MemberProfile(clientId, clientHost, saysSubscription == null ? subscription : saysSubscription,
                saysAssignor == null ? assignor : saysAssignor, sessionTimeoutMs, saysTimeoutMs == null
                        ? rebalanceTimeoutMs
                        : saysTimeoutMs, instanceId, classic);
    }
}
