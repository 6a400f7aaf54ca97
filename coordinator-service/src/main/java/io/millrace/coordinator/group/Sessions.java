package io.millrace.coordinator.group;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * By when each member of one group must be heard from, and by when it must have let go of what it is told to. Soft state:
 * never stored, so it begins anew, in full, wherever a group is loaded or its coordinator was cut off. The group's loop owns it.
 */
public final class Sessions {
    /** @param waitingIn the state in which it was told to act; in the next, its time begins anew */
    private record Deadlines(long heardByMs, long releasedByMs, MemberState waitingIn) {}

    private static final long NEVER = Long.MAX_VALUE;

    private final Map<String, Deadlines> deadlines = new HashMap<>();

    /** @param nowMs of a clock that only goes forward */
    public void heard(Member member, long nowMs) {
        heard(member, member.state() instanceof MemberState.UnrevokedPartitions, nowMs);
    }

    /** @param mustAct whether it has been told to let go, or to join again, and has its rebalance timeout for that */
    public void heard(Member member, boolean mustAct, long nowMs) {
        long releasedByMs = NEVER;
        if (mustAct) {
            Deadlines before = deadlines.get(member.memberId());
            boolean waiting = before != null && before.releasedByMs != NEVER && before.waitingIn.equals(member
                    .state());
            releasedByMs = waiting ? before.releasedByMs : nowMs + member.profile().rebalanceTimeoutMs();
        }
        deadlines.put(member.memberId(), new Deadlines(nowMs + member.profile().sessionTimeoutMs(), releasedByMs,
                member.state()));
    }

    public void forget(String memberId) {
        deadlines.remove(memberId);
    }

    /** Gives every member its full time from now on. */
    public void restart(Group group, long nowMs) {
        deadlines.clear();
        group.members().values().forEach(member -> heard(member, nowMs));
    }

    /** Members to expire, in the order of their ids. */
    public List<String> expired(long nowMs) {
        var expired = new ArrayList<String>();
        deadlines.forEach((memberId, deadline) -> {
            if (nowMs >= deadline.heardByMs || nowMs >= deadline.releasedByMs) {
                expired.add(memberId);
            }
        });
        expired.sort(null);
        return expired;
    }
}
