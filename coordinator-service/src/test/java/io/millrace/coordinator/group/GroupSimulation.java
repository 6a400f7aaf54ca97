package io.millrace.coordinator.group;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.common.error.ErrorCode;
import io.millrace.coordinator.group.classic.ClassicEvent;
import io.millrace.coordinator.group.classic.ClassicFault;
import io.millrace.coordinator.testing.SimulatedWorld;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One group from one seed: consumers come, go, pause and change their minds, messages are late or lost, the coordinator
 * crashes before or after it stored a step, and a coordinator that lost its shard still tries to store. Then everything
 * calms down. On the way and at the end the invariants are checked.
 */
final class GroupSimulation {
    private static final int STORM_MS = 60_000;
    private static final int CALM_MS = 90_000;
    private static final int GIVE_UP_MS = 1_000;
    private static final int MAX_CONSUMERS = 7;

    private final SimulatedWorld world;
    private final SplittableRandom random;
    private int names;

    private final TreeMap<String, Topic> topics = new TreeMap<>();
    private final List<SimulatedConsumer> consumers = new ArrayList<>();
    private final GroupMachine machine = new GroupMachine(new GroupLimits(100, 100, 100, 1, 100_000),
            AssignorName.STICKY);
    private final SimulatedRows rows = new SimulatedRows(Group.empty("billing", AssignorName.STICKY));

    private @Nullable Group group;
    private final Sessions sessions = new Sessions();
    private long shardEpoch;

    GroupSimulation(long seed) {
        world = new SimulatedWorld(seed, STORM_MS);
        random = world.random;
    }

    void run() {
        for (int i = 0; i < 3; i++) {
            growOrMakeTopic();
        }
        takeOver();
        for (int i = random.nextInt(1, 4); i > 0; i--) {
            consumerComes();
        }
        tick();
        scheduleTrouble();
        world.run(STORM_MS + CALM_MS);
        checkConverged();
    }

    // --- the consumers and the network ---

    private void consumerComes() {
        if (consumers.size() < MAX_CONSUMERS) {
            var dialects = SimulatedConsumer.Dialect.values();
            var dialect = dialects[random.nextInt(dialects.length)];
            var consumer = new SimulatedConsumer("c" + names++, dialect, randomSubscription(), random.split());
            consumers.add(consumer);
            beat(consumer);
        }
    }

    private void beat(SimulatedConsumer consumer) {
        if (consumer.gone) {
            return;
        }
        if (world.nowMs() < consumer.pausedUntilMs) {
            world.in(consumer.pausedUntilMs - world.nowMs(), () -> beat(consumer));
            return;
        }
        GroupEvent event = consumer.nextRequest(world.nowMs());
        int request = consumer.request;
        world.in(GIVE_UP_MS, () -> {
            if (consumer.request == request) {
                beat(consumer);
            }
        });
        if (!lost()) {
            world.in(delayMs(), () -> {
                if (consumer.request == request && consumer.asks() == SimulatedConsumer.Asks.NOTHING) {
                    serve(event, reply -> answer(consumer, request, () -> consumer.answered(reply, world.nowMs())));
                } else if (consumer.request == request) {
                    serveClassic(consumer, request);
                }
            });
        }
    }

    private void answer(SimulatedConsumer consumer, int request, Runnable reply) {
        if (lost()) {
            return;
        }
        world.in(delayMs(), () -> {
            // A paused process reads its socket when it wakes up; the time in between counts.
            if (world.nowMs() < consumer.pausedUntilMs) {
                world.in(consumer.pausedUntilMs - world.nowMs(), () -> receive(consumer, request, reply));
            } else {
                receive(consumer, request, reply);
            }
        });
    }

    private void receive(SimulatedConsumer consumer, int request, Runnable reply) {
        if (consumer.request != request || consumer.gone) {
            return;
        }
        consumer.request++;
        reply.run();
        checkOneReaderEach(consumer);
        world.in(random.nextInt(200, 1_500), () -> beat(consumer));
    }

    private boolean lost() {
        return world.strikesOneIn(10);
    }

    private int delayMs() {
        return world.delayMs(5, 1_500);
    }

    private Subscription randomSubscription() {
        if (random.nextInt(4) == 0) {
            return Subscription.to(TopicPattern.of("t.*"));
        }
        var chosen = new TreeSet<String>();
        topics.keySet().stream().filter(_ -> random.nextInt(3) > 0).forEach(chosen::add);
        return Subscription.to(chosen);
    }

    // --- the coordinator ---

    private void serve(GroupEvent event, Consumer<GroupReply> answer) {
        Group before = group;
        if (before == null) {
            return;
        }
        if (event instanceof GroupEvent.Join join && join.profile().classic() != null && !join.owned().isEmpty()
                && before.member(join.memberId()) == null) {
            // One that was a member, and is none any more, is to forget what it held.
            answer.accept(new GroupReply.Refused(ErrorCode.UNKNOWN_MEMBER, "no member"));
            return;
        }
        GroupMachine.Step step = machine.apply(before, event, topicsNow());
        List<GroupChange> changes = GroupChange.between(before, step.group());
        checkNothingMovesNeedlessly(before, step.group());
        if (crashes()) {
            // The write of the coordinator that is thought dead comes when another has taken over.
            long epoch = shardEpoch;
            crash();
            world.in(2_500, () -> assertThat(rows.store(epoch, changes)).isFalse());
            return;
        }
        assertThat(rows.store(shardEpoch, changes)).isTrue();
        if (crashes()) {
            crash();
            return;
        }
        group = step.group();
        if (!changes.isEmpty()) {
            assertThat(rows.load()).as("what is stored").isEqualTo(group);
        }
        touchSession(event, step);
        answer.accept(step.reply());
    }

    /** What changes nothing in the group: one of the classic protocol asks for its assignment, or whether to join again. */
    private void serveClassic(SimulatedConsumer consumer, int request) {
        Group now = group;
        if (now == null) {
            return;
        }
        ClassicFault fault = ClassicMembers.faultOf(now, new ClassicEvent.Sender(consumer.memberId, null), Math
                .toIntExact(consumer.epoch()));
        Member member = now.member(consumer.memberId);
        if (fault != null || member == null) {
            answer(consumer, request, () -> consumer.answered(fault, null, world.nowMs()));
            return;
        }
        sessions.heard(member, ClassicMembers.mustJoinAgain(now, member), world.nowMs());
        boolean asksForAssignment = consumer.asks() == SimulatedConsumer.Asks.ASSIGNMENT;
        boolean refused = asksForAssignment ? !ClassicMembers.maySync(now, member)
                : ClassicMembers.mustJoinAgain(now, member);
        answer(consumer, request, () -> consumer.answered(refused ? ClassicFault.REBALANCE_IN_PROGRESS : null,
                asksForAssignment && !refused ? member.state().assigned() : null, world.nowMs()));
    }

    private void touchSession(GroupEvent event, GroupMachine.Step step) {
        String memberId = switch (event) {
            case GroupEvent.Join join -> join.memberId();
            case GroupEvent.Heartbeat heartbeat -> heartbeat.memberId();
            case GroupEvent.Leave(String left) -> left;
            case GroupEvent.GoForNow(String away) -> away;
            case GroupEvent.Expire(String expired) -> expired;
            case GroupEvent.TopicsChanged() -> "";
        };
        Member member = step.group().member(memberId);
        if (member == null) {
            sessions.forget(memberId);
        } else if (step.reply() instanceof GroupReply.Granted) {
            if (member.profile().classic() == null) {
                sessions.heard(member, world.nowMs());
            } else {
                sessions.heard(member, ClassicMembers.mustJoinAgain(step.group(), member), world.nowMs());
            }
        }
    }

    private boolean crashes() {
        return world.strikesOneIn(150);
    }

    private void crash() {
        group = null;
        world.in(random.nextInt(100, 2_000), this::takeOver);
    }

    private void takeOver() {
        shardEpoch = rows.takeOver();
        Group loaded = rows.load();
        group = loaded;
        sessions.restart(loaded, world.nowMs());
        serve(new GroupEvent.TopicsChanged(), _ -> {});
    }

    private void tick() {
        for (String memberId : sessions.expired(world.nowMs())) {
            serve(new GroupEvent.Expire(memberId), _ -> {});
        }
        world.in(500, this::tick);
    }

    private Topics topicsNow() {
        return Topics.of(topics.values());
    }

    // --- trouble ---

    private void scheduleTrouble() {
        if (!world.isStormy()) {
            return;
        }
        switch (random.nextInt(8)) {
            case 0, 1 -> consumerComes();
            case 2 -> anyConsumer(consumer -> {
                consumer.gone = true;
                consumers.remove(consumer);
                // Dead without a goodbye: nobody reads for it any more.
                consumer.dropEverything();
            });
            case 3 -> anyConsumer(consumer -> {
                consumer.gone = true;
                consumers.remove(consumer);
                consumer.dropEverything();
                serve(new GroupEvent.Leave(consumer.memberId), _ -> {});
            });
            case 4 -> anyConsumer(consumer -> consumer.pausedUntilMs = world.nowMs() + random.nextInt(20_000));
            case 5 -> anyConsumer(consumer -> consumer.subscribe(randomSubscription()));
            case 6 -> {
                growOrMakeTopic();
                serve(new GroupEvent.TopicsChanged(), _ -> {});
            }
            default -> {
                if (group != null && random.nextInt(3) == 0) {
                    crash();
                }
            }
        }
        world.in(random.nextInt(500, 6_000), this::scheduleTrouble);
    }

    private void anyConsumer(Consumer<SimulatedConsumer> act) {
        world.withAny(consumers, act);
    }

    private void growOrMakeTopic() {
        String name = "t" + random.nextInt(4);
        Topic known = topics.get(name);
        if (known == null) {
            topics.put(name, new Topic(new UUID(random.nextLong(), 0), name, random.nextInt(1, 7)));
        } else if (random.nextInt(4) == 0) {
            topics.remove(name);
        } else {
            topics.put(name, new Topic(known.id(), name, known.partitionCount() + random.nextInt(1, 3)));
        }
    }

    // --- the checkers ---

    private void checkOneReaderEach(SimulatedConsumer granted) {
        for (PartitionId partition : granted.assigned()) {
            if (!granted.reads(partition, world.nowMs())) {
                continue;
            }
            for (SimulatedConsumer other : consumers) {
                if (other != granted && other.reads(partition, world.nowMs())) {
                    throw new AssertionError("at %d ms %s is read by %s and %s".formatted(world.nowMs(), partition,
                            granted.memberId,
                            other.memberId));
                }
            }
        }
    }

    private static void checkNothingMovesNeedlessly(Group before, Group after) {
        before.members().forEach((memberId, member) -> {
            Member next = after.member(memberId);
            if (next != null) {
                var stays = new TreeSet<>(member.state().assigned());
                stays.retainAll(after.targetOf(memberId));
                assertThat(next.state().assigned()).as("%s goes on with what stays its own", memberId).containsAll(
                        stays);
            }
        });
    }

    private void checkConverged() {
        Group settled = group;
        assertThat(settled).as("a coordinator serves").isNotNull();
        assertThat(settled.members().keySet()).as("the living members")
                .containsExactlyElementsOf(consumers.stream().map(consumer -> consumer.memberId).sorted().toList());
        assertThat(settled.phase()).isEqualTo(consumers.isEmpty() ? Group.Phase.EMPTY : Group.Phase.STABLE);
        for (SimulatedConsumer consumer : consumers) {
            assertThat(consumer.assigned()).as("what %s reads", consumer.memberId)
                    .isEqualTo(settled.targetOf(consumer.memberId));
        }
        var request = AssignmentRequest.of(settled.members().values(), settled.target(), topicsNow());
        assertThat(settled.target()).as("everything is owned, evenly").isEqualTo(AssignorName.STICKY.assignor().assign(
                request));
    }
}
