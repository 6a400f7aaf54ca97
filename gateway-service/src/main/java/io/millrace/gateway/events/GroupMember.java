package io.millrace.gateway.events;

import io.millrace.common.api.InstancesApi;
import io.millrace.common.api.InstancesApi.BeginPoll;
import io.millrace.common.api.InstancesApi.Delivered;
import io.millrace.common.api.InstancesApi.PollGrant;
import io.millrace.common.api.InstancesApi.Position;
import io.millrace.common.api.InstancesApi.Standing;
import io.millrace.common.api.ServiceClients;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A stream's membership of its group, which its coordinator keeps as that of any consumer instance. */
final class GroupMember {
    private static final Logger log = LoggerFactory.getLogger(GroupMember.class);

    private final ServiceClients services;
    private final String group;
    private final String instance;
    private volatile long pollNumber;

    GroupMember(ServiceClients services, String group, String instance) {
        this.services = services;
        this.group = group;
        this.instance = instance;
    }

    String group() {
        return group;
    }

    String instance() {
        return instance;
    }

    /** Joins, and says what may be read from where. */
    PollGrant join(Duration silence) {
        return begin(new BeginPoll(null, (int) silence.toMillis(), null, null));
    }

    /**
     * Tells where the stream stands, and says what it may read now.
     *
     * @param positions after what the client was given
     * @param confirmed the same, as it was long enough ago that the client has got it
     * @param silence   how long nothing is to be expected after this
     * @throws RefusedException with {@code FENCED_MEMBER_EPOCH} or {@code UNKNOWN_INSTANCE} once the group goes on without the stream
     */
    PollGrant beat(List<Position> positions, List<Position> confirmed, Duration silence) {
        return begin(new BeginPoll(null, (int) silence.toMillis(), new Standing(pollNumber, positions, confirmed),
                null));
    }

    private PollGrant begin(BeginPoll request) {
        var grant = instances().beginPoll(group, instance, request);
        pollNumber = grant.pollNumber();
        return grant;
    }

    /**
     * Asks whether records may be given out, and has it noted how far they go.
     *
     * @return false when they may not: partitions have gone to others, or the client has moved its positions
     */
    boolean mayGiveOut(List<Position> positions, List<Position> starts) {
        try {
            instances().delivered(group, instance, new Delivered(pollNumber, positions, starts, false));
            return true;
        } catch (RefusedException refusal) {
            if (refusal.code() == ErrorCode.FENCED_MEMBER_EPOCH || refusal.code() == ErrorCode.POLL_SUPERSEDED) {
                return false;
            }
            throw refusal;
        }
    }

    /** Says that the stream lives, where its client is too slow for a beat. That the group goes on without it, the next beat hears. */
    void touch() {
        try {
            instances().delivered(group, instance, new Delivered(pollNumber, List.of(), List.of(), false));
        } catch (RefusedException refusal) {
            log.debug("Group {}: stream {} cannot be said to live: {}", group, instance, refusal.getMessage());
        }
    }

    /**
     * Leaves the group, so that its partitions go to others at once and not when the session is over.
     *
     * @param lossy whether the client may not have got what was given out last: others read it again
     */
    void leave(boolean lossy) {
        try {
            instances().delete(group, instance, lossy);
        } catch (RefusedException refusal) {
            log.info(
                    "Group {}: stream {} has not left in order, its partitions go to others when its session is over: {}",
                    group, instance, refusal.getMessage());
        }
    }

    private InstancesApi instances() {
        return services.instances(group);
    }
}
