package io.millrace.coordinator.testing;

import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.function.Consumer;

/** Time, chance and network of a simulation, all from one seed. There is a storm first, in which messages are late or lost; then it is calm. */
public final class SimulatedWorld {
    private record Action(long atMs, long order, Runnable run) {}

    public final SplittableRandom random;
    private final int stormMs;
    private final PriorityQueue<Action> agenda = new PriorityQueue<>(
            Comparator.comparingLong(Action::atMs).thenComparingLong(Action::order));
    private long order;
    private long nowMs;

    public SimulatedWorld(long seed, int stormMs) {
        this.random = new SplittableRandom(seed);
        this.stormMs = stormMs;
    }

    public long nowMs() {
        return nowMs;
    }

    public boolean isStormy() {
        return nowMs < stormMs;
    }

    public void in(long delayMs, Runnable run) {
        agenda.add(new Action(nowMs + delayMs, order++, run));
    }

    /** Lets all happen that is on the agenda until then, and what comes of it. */
    public void run(int untilMs) {
        while (!agenda.isEmpty() && agenda.peek().atMs() <= untilMs) {
            Action action = agenda.remove();
            nowMs = action.atMs();
            action.run().run();
        }
    }

    public boolean oneIn(int chances) {
        return random.nextInt(chances) == 0;
    }

    /** Only in the storm. */
    public boolean strikesOneIn(int chances) {
        return isStormy() && oneIn(chances);
    }

    /** Of one message. */
    public int delayMs(int slowOneIn, int slowestMs) {
        return random.nextInt(1, strikesOneIn(slowOneIn) ? slowestMs : 50);
    }

    public <T> void withAny(List<T> choices, Consumer<T> act) {
        if (!choices.isEmpty()) {
            act.accept(choices.get(random.nextInt(choices.size())));
        }
    }
}
