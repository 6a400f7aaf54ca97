package io.millrace.coordinator.group.runtime;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.coordinator.group.Group;
import io.millrace.coordinator.group.classic.ClassicFault;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** A shard in one term of holding it, with its groups. A new term is a new object, so nothing of an old one is mixed in. */
public final class Shard {
    private final int number;
    private final ShardLease lease;
    private final GroupSettings settings;
    final GroupMemory.OfShard memory;
    private volatile boolean lost;
    private volatile boolean leaving;
    /** Its holder was away for a while: nobody's silence in that time counts. Owned by the expiry loop. */
    boolean wasAway;
    final ConcurrentHashMap<String, GroupCell> groups = new ConcurrentHashMap<>();

    Shard(int number, ShardLease lease, GroupSettings settings, GroupMemory.OfShard memory) {
        this.number = number;
        this.lease = lease;
        this.settings = settings;
        this.memory = memory;
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

    GroupCell newCell(String groupId) {
        var turnstile = new Turnstile("group '" + groupId + "'", settings.requestsWaiting(), settings
                .requestPatience());
        return new GroupCell(groupId, this, turnstile);
    }

    /** Of a group that is known. Refused with {@link ErrorCode#UNKNOWN_GROUP}. */
    GroupCell cell(String groupId) {
        requireServed();
        GroupCell cell = groups.get(groupId);
        if (cell == null) {
            throw unknown(groupId);
        }
        return cell;
    }

    /** For good: another coordinator has written. */
    void markLost() {
        lost = true;
        memory.close();
        groups.values().forEach(Shard::dismissWaiting);
    }

    private static void dismissWaiting(GroupCell cell) {
        cell.waiting.dismiss(ClassicFault.NOT_COORDINATOR);
    }

    /** After a request was left to wait: nobody who comes to send the waiting away may have missed it. */
    void letWait(GroupCell cell) {
        if (leaving || !isHeld()) {
            dismissWaiting(cell);
        }
    }

    /** See {@link Shards#leave}. */
    void leave() {
        leaving = true;
        for (GroupCell cell : groups.values()) {
            if (!isHeld()) {
                return;
            }
            try {
                // Whoever came before the mark was set is through when we are.
                cell.turnstile.pass(() -> {});
                dismissWaiting(cell);
            } catch (RefusedException e) {
                // It is given back all the same: the next holder shuts out what is still to be written.
                dismissWaiting(cell);
                continue;
            }
        }
    }

    /** Before something is begun. Refused with {@link ErrorCode#NOT_COORDINATOR}: the caller is to look who is, and ask again. */
    public void requireServed() {
        requireHeld();
        if (leaving) {
            throw notHeld(number);
        }
    }

    /** Before something is told. Refused with {@link ErrorCode#NOT_COORDINATOR} too. */
    void requireHeld() {
        if (!isHeld()) {
            throw notHeld(number);
        }
    }

    static RefusedException notHeld(int number) {
        return new RefusedException(ErrorCode.NOT_COORDINATOR, "this coordinator does not hold shard " + number);
    }

    static RefusedException unknown(String groupId) {
        return new RefusedException(ErrorCode.UNKNOWN_GROUP, "there is no group '" + groupId + "'");
    }
}
