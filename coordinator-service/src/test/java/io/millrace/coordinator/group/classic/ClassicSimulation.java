package io.millrace.coordinator.group.classic;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.coordinator.group.classic.ClassicMember.Awaits;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One classic group from one seed: consumers come, go, die, pause, restart under their instance's name and subscribe to other things;
 * requests and answers are late or lost, connections end or hang; the coordinator crashes before or after it stored a step, and the
 * next begins with what was stored. Then everything calms down.
 */
final class ClassicSimulation {
    private static final int STORM_MS = 60_000;
    private static final int CALM_MS = 120_000;
    private static final int GIVE_UP_MS = 1_500;
    private static final int MAX_CONSUMERS = 6;
    private static final int PARTITIONS = 7;

    private record Action(long atMs, long order, Runnable run) {}

    private record Claim(int generation, int partition) {}

    private final SplittableRandom random;
    private final PriorityQueue<Action> agenda = new PriorityQueue<>(
            Comparator.comparingLong(Action::atMs).thenComparingLong(Action::order));
    private final ClassicMachine machine;
    private final List<SimulatedMember> consumers = new ArrayList<>();
    /** Requests that the coordinator has and that are not answered, with what to do then. */
    private final TreeMap<Long, Consumer<ClassicReply>> open = new TreeMap<>();
    private final Map<Claim, String> claims = new HashMap<>();
    private @Nullable ClassicGroup group;
    private ClassicGroup stored;
    private int highestTold = -1;
    private long order;
    private long requests;
    private long nowMs;
    private int names;

    ClassicSimulation(long seed) {
        random = new SplittableRandom(seed);
        machine = new ClassicMachine(new ClassicLimits(MAX_CONSUMERS + 2, 8, 1_000, 1_000, 1_000_000, 1, 60_000, 60_000,
                random
                        .nextInt(3)
                        * 1_000));
        stored = ClassicGroup.empty("billing", 0);
        group = stored;
    }

    void run() {
        for (int i = random.nextInt(1, 4); i > 0; i--) {
            consumerComes(null);
        }
        tick();
        scheduleTrouble();
        while (!agenda.isEmpty() && agenda.peek().atMs() <= STORM_MS + CALM_MS) {
            Action action = agenda.remove();
            nowMs = action.atMs();
            action.run().run();
        }
        checkSettled();
    }

    private boolean stormy() {
        return nowMs < STORM_MS;
    }

    private void in(int delayMs, Runnable run) {
        agenda.add(new Action(nowMs + delayMs, order++, run));
    }

    // --- consumers and network ---

    private void consumerComes(@Nullable String instanceId) {
        if (consumers.size() < MAX_CONSUMERS) {
            String name = "c" + names++;
            String instance = instanceId == null && random.nextInt(3) == 0 ? "static-" + name : instanceId;
            var consumer = new SimulatedMember(name, instance, PARTITIONS);
            consumers.add(consumer);
            act(consumer);
        }
    }

    private void act(SimulatedMember consumer) {
        if (consumer.gone) {
            consumers.remove(consumer);
            return;
        }
        if (nowMs < consumer.pausedUntilMs) {
            in((int) (consumer.pausedUntilMs - nowMs), () -> act(consumer));
            return;
        }
        long number = requests++;
        ClassicEvent event = consumer.next(number);
        int patienceMs = event instanceof ClassicEvent.Join ? SimulatedMember.REBALANCE_TIMEOUT_MS + 5_000 : GIVE_UP_MS;
        in(patienceMs, () -> giveUp(consumer, number));
        if (!lost()) {
            in(delayMs(), () -> arrive(consumer, number, event));
        }
    }

    private void arrive(SimulatedMember consumer, long number, ClassicEvent event) {
        // A connection that has ended brings nothing more.
        if (consumer.request == number && group != null) {
            open.put(number, reply -> answer(consumer, number, reply));
            serve(event);
        } else if (consumer.request == number) {
            in(delayMs(), () -> giveUp(consumer, number));
        }
    }

    private void giveUp(SimulatedMember consumer, long number) {
        if (consumer.request == number) {
            consumer.cutOff();
            disconnected(number);
            in(delayMs(), () -> act(consumer));
        }
    }

    /** The coordinator sees most connections end, and of some never hears again. */
    private void disconnected(long number) {
        if (random.nextInt(4) > 0) {
            in(delayMs(), () -> {
                if (open.remove(number) != null) {
                    serve(new ClassicEvent.Disconnect(number));
                }
            });
        }
    }

    private void answer(SimulatedMember consumer, long number, ClassicReply reply) {
        if (!lost()) {
            in(delayMs(), () -> receive(consumer, number, reply));
        }
    }

    private void receive(SimulatedMember consumer, long number, ClassicReply reply) {
        if (nowMs < consumer.pausedUntilMs) {
            in((int) (consumer.pausedUntilMs - nowMs), () -> receive(consumer, number, reply));
        } else if (consumer.request == number && !consumer.gone) {
            consumer.answered(reply);
            consumer.request = -1;
            if (reply instanceof ClassicReply.Synced) {
                claim(consumer);
            }
            in(consumer.isSettled() ? random.nextInt(500, 3_000) : random.nextInt(1, 200), () -> act(consumer));
        }
    }

    /** In one generation, a partition is given to one member, or to its successor of the same name. */
    private void claim(SimulatedMember consumer) {
        String who = consumer.instanceId == null ? consumer.memberId : consumer.instanceId;
        for (int partition : consumer.owned) {
            String other = claims.putIfAbsent(new Claim(consumer.generation, partition), who);
            if (other != null && !other.equals(who)) {
                throw new AssertionError("in generation %d partition %d is given to %s and %s".formatted(
                        consumer.generation, partition, other, who));
            }
        }
    }

    private boolean lost() {
        return stormy() && random.nextInt(12) == 0;
    }

    private int delayMs() {
        return random.nextInt(1, stormy() && random.nextInt(6) == 0 ? 1_200 : 40);
    }

    // --- the coordinator ---

    private void serve(ClassicEvent event) {
        ClassicGroup before = group;
        if (before == null) {
            return;
        }
        ClassicMachine.Step step = machine.apply(before, event, nowMs);
        if (step.group().generation() < before.generation()) {
            throw new AssertionError("the generation fell");
        }
        if (!step.mustBeStored() && step.group().generation() != before.generation()) {
            throw new AssertionError("a generation began that was not to be stored");
        }
        if (step.mustBeStored()) {
            if (crashes()) {
                crash();
                return;
            }
            stored = step.group();
            if (crashes()) {
                crash();
                return;
            }
        }
        group = step.group();
        checkStale(event, step);
        for (ClassicMachine.Answer answer : step.answers()) {
            Consumer<ClassicReply> asker = open.remove(answer.request());
            if (asker == null) {
                throw new AssertionError("request " + answer.request() + " is answered again, or was never asked");
            }
            if (answer.reply() instanceof ClassicReply.Joined joined) {
                highestTold = Math.max(highestTold, joined.generation());
            }
            asker.accept(answer.reply());
        }
        checkNobodyIsForgotten();
    }

    private static void checkStale(ClassicEvent event, ClassicMachine.Step step) {
        int asked = switch (event) {
            case ClassicEvent.Heartbeat heartbeat -> heartbeat.generation();
            case ClassicEvent.Sync sync -> sync.generation();
            default -> step.group().generation();
        };
        if (asked != step.group().generation()) {
            assertThat(step.answers()).as("to a stale request").singleElement().satisfies(
                    answer -> assertThat(answer.reply()).isInstanceOf(ClassicReply.Refused.class));
        }
    }

    /** Whatever is asked and not answered is what some member waits for, and the other way round. */
    private void checkNobodyIsForgotten() {
        var awaited = new TreeSet<Long>();
        for (ClassicMember member : group.members().values()) {
            switch (member.awaits()) {
                case Awaits.Nothing(),Awaits.Unheard() -> {}
                case Awaits.Generation(long request, _) -> awaited.add(request);
                case Awaits.Assignment(long request) -> awaited.add(request);
            }
        }
        assertThat(open.keySet()).as("requests that wait").isEqualTo(awaited);
    }

    private boolean crashes() {
        return stormy() && random.nextInt(40) == 0;
    }

    /** All connections end with it. */
    private void crash() {
        group = null;
        open.clear();
        in(random.nextInt(100, 2_000), this::takeOver);
    }

    private void takeOver() {
        if (stored.generation() < highestTold) {
            throw new AssertionError("generation " + highestTold + " was told and not stored");
        }
        var members = new ArrayList<ClassicMember>();
        boolean isAssigned = stored.isAssigned();
        stored.members().values().forEach(member -> members.add(ClassicMember.stored(member.memberId(), member
                .profile(), member.assignment(), isAssigned)));
        group = ClassicGroup.stored("billing", stored.generation(), stored.protocolType(), stored.protocolName(), stored
                .leaderId(), members, isAssigned);
        serve(new ClassicEvent.Restart());
        for (SimulatedMember consumer : consumers) {
            long number = consumer.request;
            if (number >= 0) {
                in(delayMs(), () -> giveUp(consumer, number));
            }
        }
    }

    private void tick() {
        if (group != null && group.nextDeadlineMs() <= nowMs) {
            serve(new ClassicEvent.Tick());
        }
        in(250, this::tick);
    }

    // --- trouble ---

    private void scheduleTrouble() {
        if (!stormy()) {
            return;
        }
        switch (random.nextInt(7)) {
            case 0, 1 -> consumerComes(null);
            case 2 -> anyConsumer(this::dies);
            case 3 -> anyConsumer(consumer -> {
                dies(consumer);
                leave(consumer);
            });
            case 4 -> anyConsumer(consumer -> consumer.pausedUntilMs = nowMs + random.nextInt(20_000));
            case 5 -> anyConsumer(SimulatedMember::subscribeToOther);
            default -> anyConsumer(consumer -> {
                // A zombie of the same name may live on, to be fenced.
                if (consumer.instanceId != null) {
                    if (random.nextInt(3) > 0) {
                        dies(consumer);
                    }
                    consumerComes(consumer.instanceId);
                }
            });
        }
        if (group != null && random.nextInt(12) == 0) {
            crash();
        }
        in(random.nextInt(500, 5_000), this::scheduleTrouble);
    }

    private void dies(SimulatedMember consumer) {
        consumer.gone = true;
        consumers.remove(consumer);
        disconnected(consumer.request);
        consumer.request = -1;
    }

    private void leave(SimulatedMember consumer) {
        if (group != null && !consumer.memberId.isEmpty()) {
            long number = requests++;
            open.put(number, _ -> {});
            serve(new ClassicEvent.Leave(number, List.of(new ClassicEvent.Sender(consumer.memberId,
                    consumer.instanceId))));
        }
    }

    private void anyConsumer(Consumer<SimulatedMember> act) {
        if (!consumers.isEmpty()) {
            act.accept(consumers.get(random.nextInt(consumers.size())));
        }
    }

    // --- the end ---

    private void checkSettled() {
        ClassicGroup settled = group;
        assertThat(settled).as("a coordinator serves").isNotNull();
        consumers.removeIf(consumer -> consumer.gone);
        assertThat(settled.members().keySet()).as("the living members").containsExactlyElementsOf(consumers.stream()
                .map(consumer -> consumer.memberId).sorted().toList());
        assertThat(settled.phase()).isEqualTo(consumers.isEmpty() ? new ClassicPhase.Empty()
                : new ClassicPhase.Stable(ClassicGroup.NEVER));
        assertThat(open).isEmpty();
        var owned = new ArrayList<Integer>();
        consumers.forEach(consumer -> owned.addAll(consumer.owned));
        if (!consumers.isEmpty()) {
            assertThat(owned).as("partitions that are read").hasSize(PARTITIONS).doesNotHaveDuplicates();
        }
    }
}
