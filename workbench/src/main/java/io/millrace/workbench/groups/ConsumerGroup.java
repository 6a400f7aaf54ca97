package io.millrace.workbench.groups;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Consumers that share the partitions of a topic. One thread changes it. */
public final class ConsumerGroup implements AutoCloseable {
    private final Map<String, Object> settings;
    private final String topic;
    private final Duration timeout;
    private final Consumer<ConsumerRecord<String, String>> reader;
    private final Ledger ledger;
    private final List<Member> members = new ArrayList<>();
    private final Deque<MortalMember> toJoin = new ArrayDeque<>();
    private final Deque<MortalMember> mortals = new ArrayDeque<>();
    private int made;

    /**
     * A group without members.
     *
     * @param settings   of each consumer, beside those of its sharing
     * @param partitions of the topic
     * @param timeout    how long the group may take to settle
     * @param reader     called for every record, by the threads of the consumers
     */
    public ConsumerGroup(String topic, int partitions, Sharing sharing, Map<String, Object> settings, Duration timeout,
            Consumer<ConsumerRecord<String, String>> reader) {
        this.topic = topic;
        this.timeout = timeout;
        this.reader = reader;
        this.settings = new HashMap<>(sharing.settings());
        this.settings.putAll(settings);
        ledger = new Ledger(partitions);
    }

    /** The next to join are so many that can {@link #die}. What they read is not told to the group's reader. */
    public void prepareMortals(int count) throws IOException, InterruptedException {
        for (int number = 0; number < count; number++) {
            toJoin.add(new MortalMember(made++, topic, settings, ledger));
        }
        for (MortalMember mortal : toJoin) {
            mortal.awaitReady();
        }
    }

    /** So many more consumers come at once. */
    public Change join(int count) throws IOException, InterruptedException, TimeoutException {
        ledger.beginChange();
        long startedNanos = System.nanoTime();
        for (int number = 0; number < count; number++) {
            MortalMember mortal = toJoin.poll();
            if (mortal != null) {
                mortals.add(mortal);
                mortal.start();
                continue;
            }
            Member member = new Member(made++, settings, ledger, reader);
            members.add(member);
            member.start(List.of(topic));
        }
        return settled(startedNanos);
    }

    /** The consumer that came first, of those that are not mortal, goes. */
    public Change leave() throws InterruptedException, TimeoutException {
        ledger.beginChange();
        long startedNanos = System.nanoTime();
        Member leaving = members.removeFirst();
        leaving.beginToLeave();
        leaving.awaitEnd();
        ledger.leave(leaving.number());
        return settled(startedNanos);
    }

    /** The mortal consumer that came first dies. */
    public Change die() throws InterruptedException, TimeoutException {
        ledger.beginChange();
        long startedNanos = System.nanoTime();
        mortals.remove().die();
        return settled(startedNanos);
    }

    private Change settled(long startedNanos) throws InterruptedException, TimeoutException {
        ledger.awaitSettled(timeout);
        return ledger.change(Duration.ofNanos(System.nanoTime() - startedNanos));
    }

    /** How many partitions the consumer has that came last, of those that are not mortal. */
    public int shareOfNewest() {
        return ledger.share(members.getLast().number());
    }

    /** Partitions that two consumers had at once, in words. */
    public List<String> doubles() {
        return ledger.doubles();
    }

    /** All leave; the mortal ones die. */
    @Override
    public void close() {
        toJoin.forEach(MortalMember::die);
        mortals.forEach(MortalMember::die);
        members.forEach(Member::beginToLeave);
        try {
            for (Member member : members) {
                member.awaitEnd();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        members.clear();
    }
}
