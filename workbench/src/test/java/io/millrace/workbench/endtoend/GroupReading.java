package io.millrace.workbench.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.workbench.endtoend.Gateway.Delivered;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/** What the members of a group got, poll by poll, and what must hold of it. */
final class GroupReading {
    /**
     * One poll, with records or without.
     *
     * @param startedNanos before the request was sent
     * @param endedNanos   after the answer was read
     */
    record Poll(String member, long startedNanos, long endedNanos, List<Delivered> records) {}

    private final long sessionTimeoutNanos;
    private final List<Poll> polls = new ArrayList<>();
    private final Map<Integer, Map<Long, JsonNode>> valuesByPartition = new HashMap<>();
    private int distinct;

    /** @param sessionTimeout how long a member that says nothing keeps its partitions */
    GroupReading(Duration sessionTimeout) {
        sessionTimeoutNanos = sessionTimeout.toNanos();
    }

    synchronized void add(Poll poll) {
        polls.add(poll);
        for (Delivered record : poll.records()) {
            JsonNode before = valuesByPartition.computeIfAbsent(record.partition(), ignored -> new HashMap<>())
                    .putIfAbsent(record.offset(), record.value());
            if (before == null) {
                distinct++;
            } else {
                assertThat(record.value()).as("offset %d of partition %d read again", record.offset(),
                        record.partition()).isEqualTo(before);
            }
        }
    }

    /** How many different records were read so far. */
    synchronized int distinct() {
        return distinct;
    }

    synchronized Map<Integer, Map<Long, JsonNode>> valuesByPartition() {
        return Map.copyOf(valuesByPartition);
    }

    /**
     * A partition is read by one member at a time. A member that was given records of a partition holds it at least until its own next poll
     * begins, or until its session runs out when it never polls again. So of two members' polls with records of one partition, one must end
     * after the other member's next poll began: it waited for the partition.
     */
    synchronized void assertNoPartitionHadTwoReaders() {
        Map<Integer, List<Held>> byPartition = new HashMap<>();
        for (Poll poll : polls) {
            Held held = new Held(poll, heldUntilNanos(poll));
            poll.records().stream().map(Delivered::partition).distinct()
                    .forEach(partition -> byPartition.computeIfAbsent(partition, ignored -> new ArrayList<>())
                            .add(held));
        }
        byPartition.forEach((partition, reads) -> reads.forEach(one -> reads.stream()
                .filter(other -> !other.poll().member().equals(one.poll().member()))
                .forEach(other -> assertThat(other.poll().endedNanos() < one.untilNanos()
                        && one.poll().endedNanos() < other.untilNanos())
                        .as("partition %d read by %s and %s at once: %s, %s", partition, one.poll().member(),
                                other.poll().member(), one, other)
                        .isFalse())));
    }

    private record Held(Poll poll, long untilNanos) {
        @Override
        public String toString() {
            return poll.startedNanos() + " to " + poll.endedNanos() + ", held until " + untilNanos;
        }
    }

    private long heldUntilNanos(Poll poll) {
        return polls.stream()
                .filter(later -> later.member().equals(poll.member()) && later.startedNanos() >= poll.endedNanos())
                .mapToLong(Poll::startedNanos)
                .min()
                .orElse(poll.startedNanos() + sessionTimeoutNanos);
    }

    /** The first reads of a partition's records come in the order of their offsets, whoever reads; repeats go back, never ahead. */
    synchronized void assertPartitionsWereReadInOrder() {
        Map<Integer, Long> nextNew = new HashMap<>();
        polls.sort((a, b) -> Long.compare(a.endedNanos(), b.endedNanos()));
        for (Poll poll : polls) {
            Map<Integer, Long> lastInPoll = new HashMap<>();
            for (Delivered record : poll.records()) {
                Long last = lastInPoll.put(record.partition(), record.offset());
                assertThat(last == null || last + 1 == record.offset())
                        .as("partition %d: %d after %d in one poll", record.partition(), record.offset(), last)
                        .isTrue();
                long expected = nextNew.getOrDefault(record.partition(), 0L);
                assertThat(record.offset()).as("partition %d skips ahead", record.partition())
                        .isLessThanOrEqualTo(expected);
                nextNew.put(record.partition(), Math.max(expected, record.offset() + 1));
            }
        }
    }
}
