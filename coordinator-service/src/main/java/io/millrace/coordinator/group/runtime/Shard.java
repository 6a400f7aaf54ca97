package io.millrace.coordinator.group.runtime;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.coordinator.group.Group;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** A shard in one term of holding it, with its groups. A new term is a new object, so nothing of an old one is mixed in. */
public final class Shard {
    private final int number;
    private final ShardLease lease;
    private volatile boolean lost;
    /** Its holder was away for a while: nobody's silence in that time counts. Owned by the expiry loop. */
    boolean wasAway;
    final ConcurrentHashMap<String, GroupCell> groups = new ConcurrentHashMap<>();

    Shard(int number, ShardLease lease) {
        this.number = number;
        this.lease = lease;
    }

    public int number() {
        return number;
    }

    public long epoch() {
        return lease.epoch();
    }

    public boolean isHeld() {
        return !lost && lease.isHeld();
    }

    /** The group as it was loaded, for those who load beside it. */
    public @Nullable Group loaded(String groupId) {
        GroupCell cell = groups.get(groupId);
        return cell == null ? null : cell.group;
    }

    /** For good: another coordinator has written. */
    void markLost() {
        lost = true;
    }

    /** Refused with {@link ErrorCode#NOT_COORDINATOR}: the caller is to look who is, and ask again. */
    void requireHeld() {
        if (!isHeld()) {
            throw new RefusedException(ErrorCode.NOT_COORDINATOR, "this coordinator does not hold shard " + number);
        }
    }
}
