package io.millrace.coordinator.group.runtime;

import io.millrace.coordinator.group.Group;
import io.millrace.coordinator.group.Sessions;
import io.millrace.coordinator.group.Topics;
import io.millrace.coordinator.group.classic.ClassicFault;
import io.millrace.coordinator.group.classic.ClassicGroup;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** A group in memory. All but {@link #group} for reading and {@link #line} is touched only inside the turnstile. */
final class GroupCell {
    final String groupId;
    final Shard shard;
    final Turnstile turnstile;
    final Sessions sessions = new Sessions();
    /** What members ask and nobody has carried out. Each stands at the turnstile too, so there are not more than may wait there. */
    final Queue<MemberRequest> line = new ConcurrentLinkedQueue<>();
    /** As stored; null after a write whose outcome is unknown, until it is read again. */
    volatile @Nullable Group group;
    /** The same of a group whose members speak the classic protocol; {@link #group} is without members then, at its generation. */
    volatile @Nullable ClassicGroup classic;
    final WaitingRequests waiting = new WaitingRequests();
    /** The topics that the group has been told of. */
    @Nullable
    Topics topicsSeen;
    /** What the shard's account has of it. */
    private long accountedBytes;
    /** Since when it is known to be without members and unchanged; null while it is neither, or nobody has looked. */
    private @Nullable Long emptySinceMs;
    private boolean forgotten;
    /** The time that sessions measured was not the members' own: they begin anew. */
    volatile boolean sessionsOutdated;
    /** Whether a thread is on its way to expire members or tell of topics. */
    final AtomicBoolean attended = new AtomicBoolean();

    GroupCell(String groupId, Shard shard, Turnstile turnstile) {
        this.groupId = groupId;
        this.shard = shard;
        this.turnstile = turnstile;
    }

    /** What is stored, or need not be. */
    void believe(@Nullable Group nowGroup, @Nullable ClassicGroup nowClassic) {
        settle((nowGroup == null ? 0 : nowGroup.heldBytes()) + (nowClassic == null ? 0 : nowClassic.heldBytes()));
        // Who reads without the turnstile finds a group of one type or of both, and never of none.
        if (nowClassic != null) {
            classic = nowClassic;
        }
        group = nowGroup;
        if (nowClassic == null) {
            classic = null;
        }
    }

    /** Takes the memory that the group is about to need; false where this coordinator has none left for groups. */
    boolean reserve(long bytes) {
        if (bytes > accountedBytes) {
            if (!shard.memory.tryTake(bytes - accountedBytes)) {
                return false;
            }
            accountedBytes = bytes;
        }
        return true;
    }

    private void settle(long bytes) {
        shard.memory.change(bytes - accountedBytes);
        accountedBytes = bytes;
    }

    /** The group is used: the time that it is empty begins anew. */
    void used() {
        emptySinceMs = null;
    }

    /** How long nobody was seen to use the group, counted from the first look. */
    long emptyForMs(long nowMs) {
        Group now = group;
        if (now != null && !now.members().isEmpty() || isClassicInUse()) {
            emptySinceMs = null;
            return 0;
        }
        if (emptySinceMs == null) {
            emptySinceMs = nowMs;
        }
        return nowMs - emptySinceMs;
    }

    /** The group of the classic protocol that others are shown; none for the sake of ids that were given out. */
    @Nullable
    ClassicGroup shownClassic() {
        ClassicGroup now = classic;
        return now != null && now.hasHadMembers() ? now : null;
    }

    /** Whether members of the classic protocol are in the group, or about to be. */
    boolean isClassicInUse() {
        ClassicGroup now = classic;
        return now != null && !now.isUnused();
    }

    /** What is stored may be other than what is here: it is read again before the next step. */
    void doubt() {
        believe(null, null);
        waiting.dismiss(ClassicFault.COORDINATOR_NOT_AVAILABLE);
    }

    /** There is no such group any more; whoever has waited for this cell is to look for another. */
    void forget() {
        forgotten = true;
        settle(0);
        shard.groups.remove(groupId, this);
    }

    boolean isForgotten() {
        return forgotten;
    }
}
