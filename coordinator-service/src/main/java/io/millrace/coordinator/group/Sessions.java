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
    private record Deadlines(long heardByMs, long releasedByMs) {}

    private static final long NEVER = Long.MAX_VALUE;

    private final Map<String, Deadlines> deadlines = new HashMap<>();

    /** @param nowMs of a clock that only goes forward */
    public void heard(Member member, long nowMs) {
        long releasedByMs = NEVER;
        if (member.state() instanceof MemberState.UnrevokedPartitions) {
            Deadlines before = deadlines.get(member.memberId());
            boolean waiting = before != null && before.releasedByMs != NEVER;
            releasedByMs = waiting ? before.releasedByMs : nowMs + member.profile().rebalanceTimeoutMs();
        }
        deadlines.put(member.memberId(), new Deadlines(nowMs + member.profile().sessionTimeoutMs(), releasedByMs));
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
