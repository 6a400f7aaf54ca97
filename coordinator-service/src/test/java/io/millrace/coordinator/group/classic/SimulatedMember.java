package io.millrace.coordinator.group.classic;

import io.millrace.coordinator.group.classic.ClassicProfile.Protocol;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription;
import org.apache.kafka.clients.consumer.internals.ConsumerProtocol;
import org.jspecify.annotations.Nullable;

/**
 * A member that takes the steps of Kafka's own: join, sync, heartbeat, commit, and joining again as it is told. It assigns honestly. Of two
 * topics it subscribes to one or both, says so as consumers do, and knows one protocol or several; some speak an old version.
 */
final class SimulatedMember {
    static final int SESSION_TIMEOUT_MS = 10_000;
    static final int REBALANCE_TIMEOUT_MS = 15_000;
    static final int PARTITIONS = 7;
    private static final int OF_FIRST_TOPIC = 4;
    private static final int MAX_COMMITS_IN_A_ROW = 8;
    private static final int BOTH_TOPICS = 3;
    private static final List<List<String>> KNOWN = List.of(List.of("range"), List.of("range", "sticky"), List.of(
            "sticky", "range"), List.of("roundrobin", "sticky", "range"));
    private static final List<String> STRANGE = List.of("of-its-own");
    private static final Map<List<Integer>, Opaque> SAID = new ConcurrentHashMap<>();

    /** What it is about to ask. */
    private enum Stage {
        JOIN, SYNC, HEARTBEAT
    }

    final String name;
    final @Nullable String instanceId;
    /** What joins say since version 4, and since version 9. */
    private final boolean idRequired;
    private final boolean skipsAssignment;
    /** It has no thread for heartbeats, and commits much more often than it polls. */
    private final boolean livesByCommits;
    /** It joins, and heartbeats without ever asking for what it is assigned. */
    private final boolean forgetsToSync;
    private final List<String> protocols;
    private final String type;
    private final SplittableRandom random;
    private int topics;
    private int said;
    private int commitsInARow;
    private Stage stage = Stage.JOIN;
    String memberId = "";
    int generation = -1;
    private @Nullable String protocolName;
    private Map<String, Opaque> toAssign = Map.of();
    private boolean subscriptionChanged;
    TreeSet<Integer> owned = new TreeSet<>();
    boolean gone;
    long pausedUntilMs;
    /** Of the request that it waits for; an answer to another is not read. */
    long request = -1;

    /** @param type whose members tell their subscriptions only where they are consumers; others read all */
    SimulatedMember(String name, @Nullable String instanceId, String type, SplittableRandom random) {
        this.name = name;
        this.instanceId = instanceId;
        this.type = type;
        this.random = random;
        this.idRequired = random.nextInt(3) > 0;
        this.skipsAssignment = idRequired && random.nextInt(3) > 0;
        this.livesByCommits = random.nextInt(5) == 0;
        this.forgetsToSync = random.nextInt(6) == 0;
        this.protocols = random.nextInt(20) == 0 ? STRANGE : KNOWN.get(random.nextInt(KNOWN.size()));
        this.topics = random.nextInt(1, BOTH_TOPICS + 1);
    }

    boolean isSettled() {
        return stage == Stage.HEARTBEAT;
    }

    String likesBest() {
        return protocols.getFirst();
    }

    void subscribeToOther() {
        if (random.nextBoolean()) {
            topics = random.nextInt(1, BOTH_TOPICS + 1);
        } else {
            said++;
        }
        subscriptionChanged = true;
    }

    /** @param behaves whether it does its part without fail */
    ClassicEvent next(long number, boolean behaves) {
        request = number;
        if (subscriptionChanged && stage == Stage.HEARTBEAT) {
            joinAgain();
        }
        var sender = new ClassicEvent.Sender(memberId, instanceId);
        return switch (stage) {
            case JOIN -> {
                subscriptionChanged = false;
                yield new ClassicEvent.Join(number, memberId, name + "-" + number, profile(), idRequired,
                        skipsAssignment);
            }
            case SYNC -> forgetsToSync && !behaves ? new ClassicEvent.Heartbeat(number, sender, generation)
                    : new ClassicEvent.Sync(number, sender, generation, idRequired ? type : null,
                            idRequired ? protocolName : null, toAssign);
            case HEARTBEAT -> commits(behaves) ? new ClassicEvent.Commit(number, sender, generation)
                    : new ClassicEvent.Heartbeat(number, sender, generation);
        };
    }

    private boolean commits(boolean behaves) {
        boolean commits = livesByCommits && !behaves ? commitsInARow < MAX_COMMITS_IN_A_ROW : random.nextInt(4) == 0;
        commitsInARow = commits ? commitsInARow + 1 : 0;
        return commits;
    }

    private ClassicProfile profile() {
        return new ClassicProfile(instanceId, name, "/host", SESSION_TIMEOUT_MS, REBALANCE_TIMEOUT_MS, type, protocols
                .stream().map(protocol -> new Protocol(protocol, says())).toList());
    }

    private Opaque says() {
        if (!type.equals(ConsumerMetadata.PROTOCOL_TYPE)) {
            return Opaque.of(new byte[]{(byte) -1, (byte) said});
        }
        return SAID.computeIfAbsent(List.of(topics, said), _ -> {
            var names = new ArrayList<String>();
            for (int topic = 0; topic < 2; topic++) {
                if (reads(topics, topic == 0 ? 0 : OF_FIRST_TOPIC)) {
                    names.add("t" + topic);
                }
            }
            ByteBuffer bytes = ConsumerProtocol.serializeSubscription(new Subscription(names, ByteBuffer.wrap(
                    new byte[]{(byte) said})));
            byte[] copied = new byte[bytes.remaining()];
            bytes.get(copied);
            return Opaque.of(copied);
        });
    }

    /** @param topics as bits, the first topic's being the lowest */
    private static boolean reads(int topics, int partition) {
        return (topics & (partition < OF_FIRST_TOPIC ? 1 : 2)) != 0;
    }

    boolean reads(int partition) {
        return !type.equals(ConsumerMetadata.PROTOCOL_TYPE) || reads(topics, partition);
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
                if (joined.skipAssignment() && !skipsAssignment) {
                    throw new AssertionError(name + " is told to skip what it cannot skip");
                }
                generation = joined.generation();
                memberId = joined.memberId();
                protocolName = joined.protocolName();
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
        boolean joined = stage == Stage.JOIN;
        joinAgain();
        switch (fault) {
            case MEMBER_ID_REQUIRED -> memberId = id;
            case UNKNOWN_MEMBER_ID -> {
                memberId = "";
                generation = -1;
            }
            case ILLEGAL_GENERATION -> generation = -1;
            case FENCED_INSTANCE_ID -> gone = true;
            case INCONSISTENT_GROUP_PROTOCOL -> {
                if (!joined) {
                    throw new AssertionError(name + " is told " + fault + " of what it was told");
                }
                gone = true;
            }
            case REBALANCE_IN_PROGRESS, NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE, GROUP_MAX_SIZE_REACHED -> {}
            case INVALID_SESSION_TIMEOUT, INVALID_REQUEST -> throw new AssertionError(name + " is told " + fault);
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
        for (int partition = 0; partition < PARTITIONS; partition++) {
            // Another deal each time: nobody may rely on leaders to assign alike.
            for (int i = 0; i < members.size(); i++) {
                int candidate = (int) ((partition + i + request) % members.size());
                if (reads(members.get(candidate), partition)) {
                    lists.get(candidate).add(partition);
                    break;
                }
            }
        }
        var assignments = new HashMap<String, Opaque>();
        for (int i = 0; i < members.size(); i++) {
            ByteBuffer bytes = ByteBuffer.allocate(lists.get(i).size());
            lists.get(i).forEach(partition -> bytes.put(partition.byteValue()));
            assignments.put(members.get(i).memberId(), Opaque.of(bytes.array()));
        }
        return assignments;
    }

    private static boolean reads(ClassicReply.JoinedMember member, int partition) {
        String topic = partition < OF_FIRST_TOPIC ? "t0" : "t1";
        return ConsumerMetadata.topics(member.metadata()).map(topics -> topics.contains(topic)).orElse(true);
    }

    static TreeSet<Integer> decode(Opaque assignment) {
        var partitions = new TreeSet<Integer>();
        for (byte partition : assignment.bytes()) {
            partitions.add((int) partition);
        }
        return partitions;
    }
}
