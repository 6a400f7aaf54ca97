package io.millrace.coordinator.group.runtime;

import io.millrace.coordinator.group.Group;
import io.millrace.coordinator.group.Sessions;
import io.millrace.coordinator.group.Topics;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** A group in memory. All but {@link #group} for reading is touched only inside the turnstile. */
final class GroupCell {
    final String groupId;
    final Shard shard;
    final Turnstile turnstile;
    final Sessions sessions = new Sessions();
    /** As stored; null after a write whose outcome is unknown, until it is read again. */
    volatile @Nullable Group group;
    /** The topics that the group has been told of. */
    @Nullable
    Topics topicsSeen;
    boolean deleted;
    /** The time that sessions measured was not the members' own: they begin anew. */
    volatile boolean sessionsOutdated;
    /** Whether a thread is on its way to expire members or tell of topics. */
    final AtomicBoolean attended = new AtomicBoolean();

    GroupCell(String groupId, Shard shard, Turnstile turnstile, @Nullable Group group) {
        this.groupId = groupId;
        this.shard = shard;
        this.turnstile = turnstile;
        this.group = group;
    }
}
