package io.millrace.coordinator.group.classic;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.coordinator.testing.SimulatedWorld;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * One classic group from one seed: members come, go, die, pause, commit, restart under their instance's name and subscribe to other things;
 * requests and answers are late or lost, connections end or hang, and what was sent over them may be handled after all; coordinators crash.
 * Then everything calms down, and soon all is read by those who live.
 */
final class ClassicSimulation {
    private static final int STORM_MS = 60_000;
    /** The longest pause, and twice the time in which a member that does not do its part is given up. */
    private static final int CALM_MS = 20_000 + 2 * (SimulatedMember.REBALANCE_TIMEOUT_MS
            + SimulatedMember.SESSION_TIMEOUT_MS);
    private static final int GIVE_UP_MS = 1_500;
    private static final int MAX_MEMBERS = 6;
    private static final int NEW_MEMBER_TIMEOUT_MS = 9_000;

    private record Claim(int generation, int partition) {}

    private final SimulatedWorld world;
    private final ClassicPath.Counts paths;
    private final SimulatedCoordinator coordinator;
    private final String type;
    private final List<SimulatedMember> members = new ArrayList<>();
    private final Map<Claim, String> claims = new HashMap<>();
    private long requests;
    private int names;

    ClassicSimulation(long seed, ClassicPath.Counts paths) {
        this.world = new SimulatedWorld(seed, STORM_MS);
        this.paths = paths;
        this.type = world.oneIn(4) ? "connect" : ConsumerMetadata.PROTOCOL_TYPE;
        this.coordinator = new SimulatedCoordinator(world, new ClassicLimits(MAX_MEMBERS + 2, 8, 1_000, 1_000,
                1_000_000, 1, 60_000, NEW_MEMBER_TIMEOUT_MS, world.random.nextInt(3) * 1_000), paths);
    }

    void run() {
        for (int i = world.random.nextInt(1, 4); i > 0; i--) {
            memberComes(null);
        }
        scheduleTrouble();
        world.run(STORM_MS + CALM_MS);
        checkSettled();
    }

    // --- members and network ---

    private void memberComes(@Nullable String instanceId) {
        if (members.size() < MAX_MEMBERS) {
            String name = "c" + names++;
            String instance = instanceId == null && world.oneIn(3) ? "static-" + name : instanceId;
            var member = new SimulatedMember(name, instance, type, world.random.split());
            members.add(member);
            act(member);
        }
    }

    private void act(SimulatedMember member) {
        if (member.gone) {
            members.remove(member);
            return;
        }
        if (world.nowMs() < member.pausedUntilMs) {
            world.in(member.pausedUntilMs - world.nowMs(), () -> act(member));
            return;
        }
        long number = requests++;
        ClassicEvent event = member.next(number, !world.isStormy());
        var reading = new TreeSet<>(member.owned);
        world.in(event instanceof ClassicEvent.Join ? SimulatedMember.REBALANCE_TIMEOUT_MS + 5_000 : GIVE_UP_MS,
                () -> giveUp(member, number));
        if (!isLost()) {
            world.in(delayMs(), () -> arrive(member, number, event, reading));
        }
    }

    private void arrive(SimulatedMember member, long number, ClassicEvent event, TreeSet<Integer> reading) {
        boolean isGivenUp = member.request != number;
        if (!coordinator.isServing()) {
            world.in(delayMs(), () -> giveUp(member, number));
            return;
        }
        if (isGivenUp) {
            // What had reached the coordinator's machine may be handled after the client's next request.
            if (!world.strikesOneIn(2)) {
                return;
            }
            paths.take(ClassicPath.HANDLED_LATE);
            seeTheEndOf(number);
        }
        coordinator.ask(event, number, reply -> {
            if (event instanceof ClassicEvent.Commit commit && reply instanceof ClassicReply.Alive) {
                world.in(delayMs(), () -> coordinator.store(commit, reading));
            }
            if (!isLost()) {
                world.in(delayMs(), () -> receive(member, number, reply));
            }
        });
    }

    private void giveUp(SimulatedMember member, long number) {
        if (member.request == number) {
            member.cutOff();
            seeTheEndOf(number);
            world.in(delayMs(), () -> act(member));
        }
    }

    /** The coordinator sees most connections end, and of some never hears again. */
    private void seeTheEndOf(long number) {
        if (!world.oneIn(4)) {
            world.in(delayMs(), () -> coordinator.disconnected(number));
        }
    }

    private void receive(SimulatedMember member, long number, ClassicReply reply) {
        if (world.nowMs() < member.pausedUntilMs) {
            world.in(member.pausedUntilMs - world.nowMs(), () -> receive(member, number, reply));
        } else if (member.request == number && !member.gone) {
            member.answered(reply);
            member.request = -1;
            if (reply instanceof ClassicReply.Synced) {
                claim(member);
            }
            world.in(member.isSettled() || reply instanceof ClassicReply.Alive ? world.random.nextInt(500, 3_000)
                    : world.random.nextInt(1, 200), () -> act(
                            member));
        }
    }

    /** In one generation, a partition is given to one member, or to its successor of the same name. */
    private void claim(SimulatedMember member) {
        String who = member.instanceId == null ? member.memberId : member.instanceId;
        for (int partition : member.owned) {
            String other = claims.putIfAbsent(new Claim(member.generation, partition), who);
            if (other != null && !other.equals(who)) {
                throw new AssertionError("in generation %d partition %d is given to %s and %s".formatted(
                        member.generation, partition, other, who));
            }
        }
    }

    private boolean isLost() {
        return world.strikesOneIn(12);
    }

    private int delayMs() {
        return world.delayMs(6, 1_200);
    }

    // --- trouble ---

    private void scheduleTrouble() {
        if (!world.isStormy()) {
            return;
        }
        switch (world.random.nextInt(8)) {
            case 0, 1 -> memberComes(null);
            case 2 -> world.withAny(members, this::dies);
            case 3 -> world.withAny(members, this::leaves);
            case 4 -> world.withAny(members, member -> member.pausedUntilMs = world.nowMs() + world.random.nextInt(
                    20_000));
            case 5 -> world.withAny(members, SimulatedMember::subscribeToOther);
            default -> world.withAny(members, this::restarts);
        }
        if (world.oneIn(20) && coordinator.isServing()) {
            coordinator.crash();
        }
        if (world.oneIn(20)) {
            coordinator.changeTypeAndBack();
        }
        world.in(world.random.nextInt(500, 5_000), this::scheduleTrouble);
    }

    private void dies(SimulatedMember member) {
        member.gone = true;
        members.remove(member);
        seeTheEndOf(member.request);
        member.request = -1;
    }

    private void leaves(SimulatedMember member) {
        dies(member);
        if (coordinator.isServing() && !member.memberId.isEmpty()) {
            coordinator.ask(new ClassicEvent.Leave(requests, List.of(new ClassicEvent.Sender(member.memberId,
                    member.instanceId))), requests++, _ -> {});
        }
    }

    /** A zombie of the same name may live on, to be fenced. */
    private void restarts(SimulatedMember member) {
        if (member.instanceId != null) {
            if (!world.oneIn(3)) {
                dies(member);
            }
            memberComes(member.instanceId);
        }
    }

    // --- the end ---

    private void checkSettled() {
        ClassicGroup settled = coordinator.group();
        assertThat(settled).as("a coordinator serves").isNotNull();
        members.removeIf(member -> member.gone);
        assertThat(settled.members().keySet()).as("the living members").containsExactlyElementsOf(members.stream()
                .map(member -> member.memberId).sorted().toList());
        assertThat(settled.phase()).isEqualTo(members.isEmpty() ? new ClassicPhase.Empty()
                : new ClassicPhase.Stable(ClassicGroup.NEVER));
        assertThat(coordinator.isAnythingOpen()).isFalse();
        var owned = new ArrayList<Integer>();
        for (SimulatedMember member : members) {
            assertThat(member.owned).as("what %s reads", member.name).allMatch(member::reads);
            owned.addAll(member.owned);
        }
        assertThat(owned).as("partitions that are read").containsExactlyInAnyOrderElementsOf(IntStream.range(0,
                SimulatedMember.PARTITIONS).boxed().filter(partition -> members.stream().anyMatch(
                        member -> member.reads(partition))).toList());
    }
}
