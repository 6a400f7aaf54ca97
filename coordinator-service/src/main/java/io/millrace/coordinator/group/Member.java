package io.millrace.coordinator.group;

/**
 * One member of a group.
 *
 * @param epoch          the group epoch whose target the member has reached, 0 until its first; fences its requests and commits
 * @param previousEpoch  the epoch before, still taken from a member that did not get the reply which raised it
 */
public record Member(String memberId, MemberProfile profile, long epoch, long previousEpoch, MemberState state) {
    /** The epoch a member names when it joins. */
    public static final long JOIN_EPOCH = 0;

    /** Of a static member that has gone to come back; nobody commits at it. */
    public static final long AWAY_EPOCH = -2;

    static Member joining(String memberId, MemberProfile profile) {
        return new Member(memberId, profile, JOIN_EPOCH, JOIN_EPOCH, MemberState.nothing());
    }

    Member with(MemberProfile changed) {
        return new Member(memberId, changed, epoch, previousEpoch, state);
    }

    /** It has let go of what it was to, and reads nothing. */
    Member away() {
        return new Member(memberId, profile, AWAY_EPOCH, AWAY_EPOCH, MemberState.stable(state.assigned()));
    }

    public boolean isAway() {
        return epoch == AWAY_EPOCH;
    }

    Member revoking(MemberState next) {
        return new Member(memberId, profile, epoch, previousEpoch, next);
    }

    Member reached(long groupEpoch, MemberState next) {
        return new Member(memberId, profile, groupEpoch, epoch == groupEpoch ? previousEpoch : epoch, next);
    }
}
