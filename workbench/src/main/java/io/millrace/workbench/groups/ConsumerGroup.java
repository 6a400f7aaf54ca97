package io.millrace.workbench.groups;

import java.time.Duration;
import java.util.ArrayList;
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
    private int joined;

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

    /** So many more consumers come at once. */
    public Change join(int count) throws InterruptedException, TimeoutException {
        ledger.beginChange();
        long startedNanos = System.nanoTime();
        for (int number = 0; number < count; number++) {
            Member member = new Member(joined++, settings, ledger, reader);
            members.add(member);
            member.start(List.of(topic));
        }
        return settled(startedNanos);
    }

    /** The consumer that came first goes. */
    public Change leave() throws InterruptedException, TimeoutException {
        ledger.beginChange();
        long startedNanos = System.nanoTime();
        Member leaving = members.removeFirst();
        leaving.beginToLeave();
        leaving.awaitEnd();
        ledger.leave(leaving.number());
        return settled(startedNanos);
    }

    /** The consumer that came first ends without a word. */
    public Change die() throws InterruptedException, TimeoutException {
        ledger.beginChange();
        long startedNanos = System.nanoTime();
        Member dying = members.removeFirst();
        dying.beginToDie();
        Change change = settled(startedNanos);
        dying.awaitEnd();
        return change;
    }

    private Change settled(long startedNanos) throws InterruptedException, TimeoutException {
        ledger.awaitSettled(timeout);
        return ledger.change(Duration.ofNanos(System.nanoTime() - startedNanos));
    }

    /** How many partitions the consumer has that came last. */
    public int shareOfNewest() {
        return ledger.share(members.getLast().number());
    }

    /** Partitions that two consumers had at once, in words. */
    public List<String> doubles() {
        return ledger.doubles();
    }

    /** All leave. */
    @Override
    public void close() {
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
