package io.millrace.coordinator.group.runtime;

import io.millrace.coordinator.group.classic.ClassicFault;
import io.millrace.coordinator.group.classic.ClassicReply;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/**
 * Requests of one classic group that are answered later, without a thread. At most one of each member, so as many as a group has
 * members. Each is told once, whoever comes first: the group, the shard's end, or its connection's.
 */
final class WaitingRequests {
    private final ConcurrentHashMap<Long, Consumer<ClassicReply>> askers = new ConcurrentHashMap<>();

    void add(long request, Consumer<ClassicReply> asker) {
        askers.put(request, asker);
    }

    /** @return false where it has been told, or taken back, before */
    boolean takeBack(long request) {
        return askers.remove(request) != null;
    }

    void tell(long request, ClassicReply reply) {
        Consumer<ClassicReply> asker = askers.remove(request);
        if (asker != null) {
            asker.accept(reply);
        }
    }

    /** Sends all away. */
    void dismiss(ClassicFault fault) {
        askers.keySet().forEach(request -> tell(request, new ClassicReply.Refused("", fault)));
    }
}
