package io.millrace.broker.replication.simulation;

import java.util.PriorityQueue;

/** Simulated time: what is due is run in order of time, and of arrival where times are equal. */
final class Scheduler {
    private record Event(long atMicros, long number, Runnable action) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            int byTime = Long.compare(atMicros, other.atMicros);
            return byTime != 0 ? byTime : Long.compare(number, other.number);
        }
    }

    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private long nowMicros;
    private long number;

    long nowMicros() {
        return nowMicros;
    }

    void after(long delayMicros, Runnable action) {
        events.add(new Event(nowMicros + delayMicros, number++, action));
    }

    void runUntil(long endMicros) {
        while (!events.isEmpty() && events.peek().atMicros() <= endMicros) {
            Event next = events.remove();
            nowMicros = next.atMicros();
            next.action().run();
        }
        nowMicros = endMicros;
    }
}
