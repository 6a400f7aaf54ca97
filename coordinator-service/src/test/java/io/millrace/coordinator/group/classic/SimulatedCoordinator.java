package io.millrace.coordinator.group.classic;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.coordinator.group.AssignorName;
import io.millrace.coordinator.group.ClassicMembers;
import io.millrace.coordinator.group.Group;
import io.millrace.coordinator.group.GroupEvent;
import io.millrace.coordinator.group.GroupLimits;
import io.millrace.coordinator.group.GroupMachine;
import io.millrace.coordinator.group.MemberProfile;
import io.millrace.coordinator.group.Subscription;
import io.millrace.coordinator.group.Topics;
import io.millrace.coordinator.group.classic.ClassicMember.Awaits;
import io.millrace.coordinator.testing.SimulatedWorld;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The coordinators of one group, one after the other, with what is stored: each crashes before or after it stores a step, or does not learn
 * whether it did. Whatever they tell is checked against what was asked, not against what the machine remembers.
 */
final class SimulatedCoordinator {
    private static final String GROUP = "billing";
    static final int TICK_MS = 250;

    private record Asked(ClassicEvent event, long atMs, Consumer<ClassicReply> asker) {}

    private final SimulatedWorld world;
    private final ClassicPath.Counts paths;
    private final ClassicMachine machine;
    private final GroupMachine other = new GroupMachine(new GroupLimits(100, 100, 100, 1, 100_000),
            AssignorName.STICKY);
    private final TreeMap<Long, Asked> open = new TreeMap<>();
    private @Nullable ClassicGroup group;
    private ClassicGroup stored = ClassicGroup.empty(GROUP, 0);
    private int highestTold = -1;
    /** Who has joined since all were asked to. */
    private final Set<String> joined = new HashSet<>();
    private final Map<String, Long> lastSignMs = new HashMap<>();
    private final Map<String, Long> lastHeartbeatMs = new HashMap<>();
    /** By partition: the last generation in which it was given to somebody, and in which its offset was committed. */
    private final int[] given = new int[SimulatedMember.PARTITIONS];
    private final int[] committed = new int[SimulatedMember.PARTITIONS];

    SimulatedCoordinator(SimulatedWorld world, ClassicLimits limits, ClassicPath.Counts paths) {
        this.world = world;
        this.paths = paths;
        this.machine = new ClassicMachine(limits);
        this.group = stored;
        tick();
    }

    boolean isServing() {
        return group != null;
    }

    @Nullable
    ClassicGroup group() {
        return group;
    }

    boolean isAnythingOpen() {
        return !open.isEmpty();
    }

    void ask(ClassicEvent event, long number, Consumer<ClassicReply> asker) {
        open.put(number, new Asked(event, world.nowMs(), asker));
        serve(event);
    }

    void disconnected(long number) {
        Asked asked = open.remove(number);
        if (asked != null) {
            ClassicMember before = waiting(number);
            serve(new ClassicEvent.Disconnect(number));
            if (before != null && asked.event() instanceof ClassicEvent.Join && group != null) {
                paths.take(group.member(before.memberId()) == null ? ClassicPath.WENT_WITH_ITS_CONNECTION
                        : ClassicPath.JOINED_UNHEARD);
            }
        }
    }

    private @Nullable ClassicMember waiting(long number) {
        return group == null ? null
                : group.members().values().stream().filter(member -> member
                        .awaits() instanceof Awaits.Generation(long request, _) && request == number).findAny().orElse(
                                null);
    }

    /** As the offset service stores it: fenced by what is stored of the member, some time after the group let it pass. */
    void store(ClassicEvent.Commit commit, Set<Integer> partitions) {
        boolean fenced = stored.generation() != commit.generation() || stored.member(commit.sender()
                .memberId()) == null;
        paths.takeIf(fenced, ClassicPath.COMMIT_REFUSED_BY_ITS_EPOCH);
        if (fenced) {
            return;
        }
        paths.take(ClassicPath.COMMITTED);
        for (int partition : partitions) {
            assertThat(commit.generation()).as("generation of a commit for partition %d", partition)
                    .isGreaterThanOrEqualTo(given[partition]).isGreaterThanOrEqualTo(committed[partition]);
            committed[partition] = commit.generation();
        }
    }

    // --- one step ---

    private void serve(ClassicEvent event) {
        ClassicGroup before = group;
        if (before == null) {
            return;
        }
        ClassicMachine.Step step = machine.apply(before, event, world.nowMs());
        ClassicGroup after = step.group();
        if (after.generation() < before.generation() || after.generation() > before.generation() && !step
                .mustBeStored()) {
            throw new AssertionError("generation %d follows on %d".formatted(after.generation(), before.generation()));
        }
        if (step.mustBeStored()) {
            if (world.strikesOneIn(80)) {
                paths.take(ClassicPath.CRASHED_BEFORE_STORING);
                crash();
                return;
            }
            if (world.strikesOneIn(80)) {
                stored = world.random.nextBoolean() ? after : stored;
                doubt();
                return;
            }
            stored = after;
            if (world.strikesOneIn(80)) {
                paths.take(ClassicPath.CRASHED_AFTER_STORING);
                crash();
                return;
            }
        }
        group = after;
        check(before, event, step);
        step.answers().forEach(this::tell);
        checkNobodyIsForgotten(after);
    }

    private void tell(ClassicMachine.Answer answer) {
        Asked asked = open.remove(answer.request());
        if (asked == null) {
            throw new AssertionError("request " + answer.request() + " is answered again, or was never asked");
        }
        long waitedMs = world.nowMs() - asked.atMs();
        if (waitedMs > SimulatedMember.REBALANCE_TIMEOUT_MS + TICK_MS) {
            throw new AssertionError("a member that does its part waited for others for " + waitedMs + " ms");
        }
        switch (answer.reply()) {
            case ClassicReply.Joined now -> highestTold = Math.max(highestTold, now.generation());
            case ClassicReply.Synced(_, _, Opaque assignment) when asked.event() instanceof ClassicEvent.Sync sync ->
                SimulatedMember.decode(assignment).forEach(partition -> given[partition] = Math.max(given[partition],
                        sync.generation()));
            case ClassicReply.Synced _,ClassicReply.Alive(),ClassicReply.Left _,ClassicReply.Refused _ -> {}
        }
        asked.asker().accept(answer.reply());
    }

    // --- what is checked of every step ---

    private void check(ClassicGroup before, ClassicEvent event, ClassicMachine.Step step) {
        ClassicGroup after = step.group();
        checkStale(event, step);
        noteJoins(before, event, after);
        noteSigns(event, step);
        checkGone(before, event, after);
        notePaths(before, event, step);
    }

    private static void checkStale(ClassicEvent event, ClassicMachine.Step step) {
        int asked = switch (event) {
            case ClassicEvent.Heartbeat heartbeat -> heartbeat.generation();
            case ClassicEvent.Sync sync -> sync.generation();
            case ClassicEvent.Commit commit -> commit.generation();
            default -> step.group().generation();
        };
        if (asked != step.group().generation()) {
            assertThat(step.answers()).as("to a stale request").singleElement().satisfies(
                    answer -> assertThat(answer.reply()).isInstanceOf(ClassicReply.Refused.class));
        }
    }

    /** Once all have joined, whether or not their connections still stand, nobody is waited for. */
    private void noteJoins(ClassicGroup before, ClassicEvent event, ClassicGroup after) {
        if (after.generation() != before.generation()) {
            joined.clear();
        } else if (event instanceof ClassicEvent.Join join) {
            String memberId = join.memberId().isEmpty() ? join.freshId() : join.memberId();
            ClassicMember member = after.member(memberId);
            if (member != null && member.awaitsGeneration()) {
                joined.add(memberId);
            }
        }
        if (after.phase() instanceof ClassicPhase.PreparingRebalance(boolean isFirst, _, _, _) && !isFirst && after
                .pending().isEmpty()) {
            if (joined.containsAll(after.members().keySet())) {
                throw new AssertionError("a generation waits for nobody");
            }
        }
    }

    private void noteSigns(ClassicEvent event, ClassicMachine.Step step) {
        boolean isTaken = step.answers().stream().allMatch(answer -> switch (answer.reply()) {
            case ClassicReply.Refused(_, ClassicFault fault) -> fault == ClassicFault.REBALANCE_IN_PROGRESS;
            case ClassicReply.Joined _,ClassicReply.Synced _,ClassicReply.Alive(),ClassicReply.Left _ -> true;
        });
        switch (event) {
            case ClassicEvent.Heartbeat heartbeat when isTaken -> {
                lastSignMs.put(heartbeat.sender().memberId(), world.nowMs());
                lastHeartbeatMs.put(heartbeat.sender().memberId(), world.nowMs());
            }
            case ClassicEvent.Commit commit when isTaken -> {
                if (!(step.group().phase() instanceof ClassicPhase.CompletingRebalance)) {
                    lastSignMs.put(commit.sender().memberId(), world.nowMs());
                }
            }
            default -> {}
        }
    }

    private void checkGone(ClassicGroup before, ClassicEvent event, ClassicGroup after) {
        if (!(event instanceof ClassicEvent.Tick)) {
            return;
        }
        for (ClassicMember member : before.members().values()) {
            if (after.member(member.memberId()) != null) {
                continue;
            }
            if (member.heardByMs() <= world.nowMs()) {
                paths.take(ClassicPath.EXPIRED);
                assertThat(world.nowMs() - lastSignMs.getOrDefault(member.memberId(), 0L)).as(
                        "silence of who is expired")
                        .isGreaterThanOrEqualTo(SimulatedMember.SESSION_TIMEOUT_MS);
            } else if (member.joinedByMs() <= world.nowMs()) {
                paths.take(ClassicPath.NEW_MEMBER_GIVEN_UP);
            } else {
                paths.take(before.phase() instanceof ClassicPhase.PreparingRebalance ? ClassicPath.LEFT_BEHIND
                        : ClassicPath.NEVER_SYNCED);
            }
        }
    }

    private void notePaths(ClassicGroup before, ClassicEvent event, ClassicMachine.Step step) {
        ClassicGroup after = step.group();
        if (after.generation() != before.generation() && !after.isEmpty()) {
            ClassicMember leader = before.member(String.valueOf(after.leaderId()));
            paths.takeIf(leader != null && leader.awaits() instanceof Awaits.Unheard, ClassicPath.LED_UNHEARD);
        }
        if (event instanceof ClassicEvent.Commit commit) {
            boolean isTaken = step.answers().getFirst().reply() instanceof ClassicReply.Alive;
            paths.takeIf(!isTaken, ClassicPath.COMMIT_REFUSED_BY_THE_GROUP);
            paths.takeIf(isTaken && after.phase() instanceof ClassicPhase.PreparingRebalance,
                    ClassicPath.COMMITTED_WHILE_ALL_JOIN);
            paths.takeIf(isTaken && world.nowMs() - lastHeartbeatMs.getOrDefault(commit.sender().memberId(), world
                    .nowMs()) > SimulatedMember.SESSION_TIMEOUT_MS, ClassicPath.LIVED_BY_COMMITS);
        }
        paths.takeIf(event instanceof ClassicEvent.Leave, ClassicPath.LEFT);
        if (event instanceof ClassicEvent.Join join) {
            ClassicMember replaced = join.memberId().isEmpty() ? ClassicGroup.staticMember(before.members(), join
                    .profile().instanceId()) : null;
            paths.takeIf(replaced != null && before.isAssigned() && !after.isAssigned(),
                    ClassicPath.RESTARTED_WITH_OTHER_TOPICS);
            step.answers().forEach(answer -> notePaths(before, join, replaced, answer));
        }
    }

    private void notePaths(ClassicGroup before, ClassicEvent.Join join, @Nullable ClassicMember replaced,
            ClassicMachine.Answer answer) {
        switch (answer.reply()) {
            case ClassicReply.Joined told when answer.request() == join.request() -> {
                boolean isPresent = told.generation() == before.generation();
                paths.takeIf(isPresent && replaced != null, ClassicPath.RESTARTED_WITHOUT_REBALANCE);
                paths.takeIf(isPresent && replaced == null, ClassicPath.TOLD_THE_PRESENT_GENERATION);
                paths.takeIf(told.skipAssignment(), ClassicPath.SKIPPED_ASSIGNMENT);
                paths.takeIf(replaced != null && told.leaderId().equals(replaced.memberId()),
                        ClassicPath.TOLD_THE_LEADER_BEFORE);
                paths.takeIf(join.memberId().isEmpty() && !join.idRequired(), ClassicPath.JOINED_WITHOUT_AN_ID);
                paths.takeIf(!join.profile().protocols().getFirst().name().equals(told.protocolName()),
                        ClassicPath.CHOSE_ANOTHER_PROTOCOL);
            }
            case ClassicReply.Refused(_, ClassicFault fault) -> {
                paths.takeIf(fault == ClassicFault.FENCED_INSTANCE_ID, ClassicPath.FENCED);
                paths.takeIf(fault == ClassicFault.INCONSISTENT_GROUP_PROTOCOL, ClassicPath.REFUSED_BY_PROTOCOL);
            }
            case ClassicReply.Joined _,ClassicReply.Synced _,ClassicReply.Alive(),ClassicReply.Left _ -> {}
        }
    }

    /** Whatever is asked and not answered is what some member waits for, and the other way round. */
    private void checkNobodyIsForgotten(ClassicGroup now) {
        var awaited = new TreeSet<Long>();
        for (ClassicMember member : now.members().values()) {
            switch (member.awaits()) {
                case Awaits.Nothing(),Awaits.Unheard() -> {}
                case Awaits.Generation(long request, _) -> awaited.add(request);
                case Awaits.Assignment(long request) -> awaited.add(request);
            }
        }
        if (!open.keySet().equals(awaited)) {
            throw new AssertionError("requests %s are open, and %s are waited for".formatted(open.keySet(), awaited));
        }
    }

    // --- time and trouble ---

    private void tick() {
        if (group != null && group.nextDeadlineMs() <= world.nowMs()) {
            serve(new ClassicEvent.Tick());
        }
        world.in(TICK_MS, this::tick);
    }

    /** All connections end with it. */
    void crash() {
        group = null;
        open.clear();
        world.in(world.random.nextInt(100, 2_000), this::load);
    }

    /** It does not know what is stored: it sends all away, and reads it. */
    private void doubt() {
        paths.take(ClassicPath.DOUBTED_A_STORE);
        dismiss(ClassicFault.COORDINATOR_NOT_AVAILABLE);
        load();
    }

    private void dismiss(ClassicFault fault) {
        var askers = List.copyOf(open.values());
        open.clear();
        askers.forEach(asked -> asked.asker().accept(new ClassicReply.Refused("", fault)));
    }

    private void load() {
        assertThat(stored.generation()).as("what was told is stored").isGreaterThanOrEqualTo(highestTold);
        boolean isAssigned = !(stored.phase() instanceof ClassicPhase.CompletingRebalance);
        var members = new ArrayList<ClassicMember>();
        stored.members().values().forEach(member -> members.add(ClassicMember.stored(member.memberId(), member
                .profile(), member.assignment(), isAssigned)));
        ClassicGroup loaded = ClassicGroup.stored(GROUP, stored.generation(), stored.protocolType(), stored
                .protocolName(), stored.leaderId(), members, isAssigned);
        paths.takeIf(loaded.phase() instanceof ClassicPhase.Stable, ClassicPath.LOADED_ASSIGNED);
        paths.takeIf(loaded.phase() instanceof ClassicPhase.CompletingRebalance, ClassicPath.LOADED_UNASSIGNED);
        paths.takeIf(loaded.phase() instanceof ClassicPhase.PreparingRebalance, ClassicPath.LOADED_WHILE_JOINING);
        joined.clear();
        group = loaded;
        serve(new ClassicEvent.Restart());
    }

    /** A consumer of the other protocol joins, and goes again. */
    void changeTypeAndBack() {
        ClassicGroup before = group;
        if (before == null || before.members().isEmpty()) {
            return;
        }
        Group upgraded = ClassicMembers.upgraded(before, Group.empty(GROUP, AssignorName.STICKY), Topics.NONE);
        if (upgraded != null) {
            var profile = new MemberProfile("http", "/host", Subscription.NONE, null, 1_000, 1_000);
            Group mixed = other.apply(upgraded, new GroupEvent.Join("http", profile), Topics.NONE).group();
            Group left = other.apply(mixed, new GroupEvent.Leave("http"), Topics.NONE).group();
            dismiss(ClassicFault.REBALANCE_IN_PROGRESS);
            joined.clear();
            stored = ClassicMembers.downgraded(left, Topics.NONE, world.nowMs());
            group = stored;
            paths.take(ClassicPath.CHANGED_TYPE_AND_BACK);
        }
    }
}
