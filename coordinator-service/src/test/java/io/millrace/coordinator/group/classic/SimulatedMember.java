package io.millrace.coordinator.group.classic;

import io.millrace.coordinator.group.classic.ClassicProfile.Protocol;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** A consumer that takes the steps of Kafka's own: join, sync, heartbeat, and joining again as it is told. It assigns honestly. */
final class SimulatedMember {
    static final int SESSION_TIMEOUT_MS = 10_000;
    static final int REBALANCE_TIMEOUT_MS = 15_000;

    /** What it is about to ask. */
    private enum Stage {
        JOIN, SYNC, HEARTBEAT
    }

    final String name;
    final @Nullable String instanceId;
    private final int partitionCount;
    private Stage stage = Stage.JOIN;
    private int said;
    String memberId = "";
    int generation = -1;
    private Map<String, Opaque> toAssign = Map.of();
    private boolean subscriptionChanged;
    TreeSet<Integer> owned = new TreeSet<>();
    boolean gone;
    long pausedUntilMs;
    /** Of the request that it waits for; an answer to another is not read. */
    long request = -1;

    SimulatedMember(String name, @Nullable String instanceId, int partitionCount) {
        this.name = name;
        this.instanceId = instanceId;
        this.partitionCount = partitionCount;
    }

    boolean isSettled() {
        return stage == Stage.HEARTBEAT;
    }

    void subscribeToOther() {
        said++;
        subscriptionChanged = true;
    }

    boolean isJoining() {
        return stage == Stage.JOIN;
    }

    ClassicEvent next(long number) {
        request = number;
        if (subscriptionChanged && stage == Stage.HEARTBEAT) {
            joinAgain();
        }
        var sender = new ClassicEvent.Sender(memberId, instanceId);
        return switch (stage) {
            case JOIN -> {
                subscriptionChanged = false;
                yield new ClassicEvent.Join(number, memberId, name + "-" + number, profile(), true, true);
            }
            case SYNC -> new ClassicEvent.Sync(number, sender, generation, "consumer", "range", toAssign);
            case HEARTBEAT -> new ClassicEvent.Heartbeat(number, sender, generation);
        };
    }

    private ClassicProfile profile() {
        var metadata = Opaque.of(("said " + said).getBytes(StandardCharsets.UTF_8));
        return new ClassicProfile(instanceId, name, "/host", SESSION_TIMEOUT_MS, REBALANCE_TIMEOUT_MS, "consumer", List
                .of(new Protocol("range", metadata)));
    }

    /** All of eager consumers' partitions go before they join again. */
    private void joinAgain() {
        stage = Stage.JOIN;
        owned = new TreeSet<>();
    }

    void answered(ClassicReply reply) {
        switch (reply) {
            case ClassicReply.Joined joined -> {
                if (joined.generation() < generation) {
                    throw new AssertionError(name + "'s generation fell from " + generation + " to " + joined
                            .generation());
                }
                generation = joined.generation();
                memberId = joined.memberId();
                boolean assigns = joined.leaderId().equals(memberId) && !joined.skipAssignment();
                toAssign = assigns ? assign(joined.members()) : Map.of();
                stage = Stage.SYNC;
            }
            case ClassicReply.Synced(_, _, Opaque assignment) -> {
                stage = Stage.HEARTBEAT;
                owned = decode(assignment);
            }
            case ClassicReply.Refused(String id, ClassicFault fault) -> refused(id, fault);
            case ClassicReply.Alive(),ClassicReply.Left _ -> {}
        }
    }

    private void refused(String id, ClassicFault fault) {
        joinAgain();
        switch (fault) {
            case MEMBER_ID_REQUIRED -> memberId = id;
            case UNKNOWN_MEMBER_ID -> {
                memberId = "";
                generation = -1;
            }
            case ILLEGAL_GENERATION -> generation = -1;
            case FENCED_INSTANCE_ID -> gone = true;
            case REBALANCE_IN_PROGRESS, NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE, GROUP_MAX_SIZE_REACHED -> {}
            case INCONSISTENT_GROUP_PROTOCOL, INVALID_SESSION_TIMEOUT, INVALID_REQUEST -> throw new AssertionError(
                    name + " is told " + fault);
        }
    }

    /** The connection failed under it: whatever it was at, it joins again with what it knows. */
    void cutOff() {
        request = -1;
        if (stage == Stage.SYNC) {
            joinAgain();
        }
    }

    private Map<String, Opaque> assign(List<ClassicReply.JoinedMember> members) {
        var lists = new ArrayList<List<Integer>>();
        members.forEach(_ -> lists.add(new ArrayList<>()));
        for (int partition = 0; partition < partitionCount; partition++) {
            // Another deal each time: nobody may rely on leaders to assign alike.
            lists.get((int) ((partition + request) % lists.size())).add(partition);
        }
        var assignments = new HashMap<String, Opaque>();
        for (int i = 0; i < members.size(); i++) {
            ByteBuffer bytes = ByteBuffer.allocate(lists.get(i).size());
            lists.get(i).forEach(partition -> bytes.put(partition.byteValue()));
            assignments.put(members.get(i).memberId(), Opaque.of(bytes.array()));
        }
        return assignments;
    }

    private static TreeSet<Integer> decode(Opaque assignment) {
        var partitions = new TreeSet<Integer>();
        for (byte partition : assignment.bytes()) {
            partitions.add((int) partition);
        }
        return partitions;
    }
}
