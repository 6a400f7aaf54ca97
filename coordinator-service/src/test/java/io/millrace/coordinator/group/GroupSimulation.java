package io.millrace.coordinator.group;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.common.error.ErrorCode;
import io.millrace.coordinator.group.classic.ClassicEvent;
import io.millrace.coordinator.group.classic.ClassicFault;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
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

    private record Action(long atMs, long order, Runnable run) {}

    private final SplittableRandom random;
    private final PriorityQueue<Action> agenda = new PriorityQueue<>(
            Comparator.comparingLong(Action::atMs).thenComparingLong(Action::order));
    private long order;
    private long nowMs;
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
        random = new SplittableRandom(seed);
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
        while (!agenda.isEmpty() && agenda.peek().atMs() <= STORM_MS + CALM_MS) {
            Action action = agenda.remove();
            nowMs = action.atMs();
            action.run().run();
        }
        checkConverged();
    }

    private boolean stormy() {
        return nowMs < STORM_MS;
    }

    private void in(int delayMs, Runnable run) {
        agenda.add(new Action(nowMs + delayMs, order++, run));
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
        if (nowMs < consumer.pausedUntilMs) {
            in((int) (consumer.pausedUntilMs - nowMs), () -> beat(consumer));
            return;
        }
        GroupEvent event = consumer.nextRequest(nowMs);
        int request = consumer.request;
        in(GIVE_UP_MS, () -> {
            if (consumer.request == request) {
                beat(consumer);
            }
        });
        if (!lost()) {
            in(delayMs(), () -> {
                if (consumer.request == request && consumer.asks() == SimulatedConsumer.Asks.NOTHING) {
                    serve(event, reply -> answer(consumer, request, () -> consumer.answered(reply, nowMs)));
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
        in(delayMs(), () -> {
            // A paused process reads its socket when it wakes up; the time in between counts.
            if (nowMs < consumer.pausedUntilMs) {
                in((int) (consumer.pausedUntilMs - nowMs), () -> receive(consumer, request, reply));
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
        in(random.nextInt(200, 1_500), () -> beat(consumer));
    }

    private boolean lost() {
        return stormy() && random.nextInt(10) == 0;
    }

    private int delayMs() {
        return random.nextInt(1, stormy() && random.nextInt(5) == 0 ? 1_500 : 50);
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

    private void serve(GroupEvent event, java.util.function.Consumer<GroupReply> answer) {
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
            in(2_500, () -> assertThat(rows.store(epoch, changes)).isFalse());
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
            answer(consumer, request, () -> consumer.answered(fault, null, nowMs));
            return;
        }
        sessions.heard(member, ClassicMembers.mustJoinAgain(now, member), nowMs);
        boolean asksForAssignment = consumer.asks() == SimulatedConsumer.Asks.ASSIGNMENT;
        boolean refused = asksForAssignment ? !ClassicMembers.maySync(now, member)
                : ClassicMembers.mustJoinAgain(now, member);
        answer(consumer, request, () -> consumer.answered(refused ? ClassicFault.REBALANCE_IN_PROGRESS : null,
                asksForAssignment && !refused ? member.state().assigned() : null, nowMs));
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
                sessions.heard(member, nowMs);
            } else {
                sessions.heard(member, ClassicMembers.mustJoinAgain(step.group(), member), nowMs);
            }
        }
    }

    private boolean crashes() {
        return stormy() && random.nextInt(150) == 0;
    }

    private void crash() {
        group = null;
        in(random.nextInt(100, 2_000), this::takeOver);
    }

    private void takeOver() {
        shardEpoch = rows.takeOver();
        Group loaded = rows.load();
        group = loaded;
        sessions.restart(loaded, nowMs);
        serve(new GroupEvent.TopicsChanged(), _ -> {});
    }

    private void tick() {
        for (String memberId : sessions.expired(nowMs)) {
            serve(new GroupEvent.Expire(memberId), _ -> {});
        }
        in(500, this::tick);
    }

    private Topics topicsNow() {
        return Topics.of(topics.values());
    }

    // --- trouble ---

    private void scheduleTrouble() {
        if (!stormy()) {
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
            case 4 -> anyConsumer(consumer -> consumer.pausedUntilMs = nowMs + random.nextInt(20_000));
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
        in(random.nextInt(500, 6_000), this::scheduleTrouble);
    }

    private void anyConsumer(java.util.function.Consumer<SimulatedConsumer> act) {
        if (!consumers.isEmpty()) {
            act.accept(consumers.get(random.nextInt(consumers.size())));
        }
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
            if (!granted.reads(partition, nowMs)) {
                continue;
            }
            for (SimulatedConsumer other : consumers) {
                if (other != granted && other.reads(partition, nowMs)) {
                    throw new AssertionError("at %d ms %s is read by %s and %s".formatted(nowMs, partition,
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
