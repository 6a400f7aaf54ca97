package io.millrace.coordinator.group.classic;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What can happen to a classic group. A {@code request} is a number by which its reply is told apart. */
public sealed interface ClassicEvent {
    /** Who says so, as it believes to be known. */
    record Sender(String memberId, @Nullable String instanceId) {}

    /**
     * @param memberId        empty for one that has none yet
     * @param freshId         the id that it gets then
     * @param idRequired      whether it must come again with that id before it is a member
     * @param skipsAssignment whether it can be told that it leads and need not assign (KIP-814)
     */
    record Join(long request, String memberId, String freshId, ClassicProfile profile, boolean idRequired,
            boolean skipsAssignment) implements ClassicEvent {}

    /**
     * @param protocolType as the member knows it, null from those who do not say
     * @param protocolName likewise
     * @param assignments  of the leader for all; empty from the others
     */
    record Sync(long request, Sender sender, int generation, @Nullable String protocolType,
            @Nullable String protocolName, Map<String, Opaque> assignments) implements ClassicEvent {}

    record Heartbeat(long request, Sender sender, int generation) implements ClassicEvent {}

    /**
     * Before offsets are stored: whether the sender may commit. One that may is alive.
     *
     * @param generation negative for a sender that is no member
     */
    record Commit(long request, Sender sender, int generation) implements ClassicEvent {}

    /** @param leavers one that names no member id is meant by its instance id */
    record Leave(long request, List<Sender> leavers) implements ClassicEvent {}

    /** Nobody reads the reply to this request any more. */
    record Disconnect(long request) implements ClassicEvent {}

    /** Time has passed. */
    record Tick() implements ClassicEvent {}

    /** The coordinator was away, and does not know for how long anybody was silent: all times begin anew. */
    record Restart() implements ClassicEvent {}
}
