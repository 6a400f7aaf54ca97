package io.millrace.workbench.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.workbench.endtoend.Gateway.Delivered;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/** What the members of a group got, poll by poll, and what must hold of it. */
final class GroupReading {
    /**
     * One poll that returned records.
     *
     * @param startedNanos before the request was sent
     * @param endedNanos   after the answer was read
     */
    record Poll(String member, long startedNanos, long endedNanos, List<Delivered> records) {}

    private final List<Poll> polls = new ArrayList<>();
    private final Map<Integer, Map<Long, JsonNode>> valuesByPartition = new HashMap<>();
    private int distinct;

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
     * A partition is read by one member at a time: a member lets go of a partition only with its next poll, so two members' polls that both
     * returned records of one partition must not overlap in time.
     */
    synchronized void assertNoPartitionHadTwoReaders() {
        Map<Integer, List<Poll>> byPartition = new HashMap<>();
        for (Poll poll : polls) {
            poll.records().stream().map(Delivered::partition).distinct()
                    .forEach(partition -> byPartition.computeIfAbsent(partition, ignored -> new ArrayList<>())
                            .add(poll));
        }
        byPartition.forEach((partition, reads) -> {
            reads.sort((a, b) -> Long.compare(a.startedNanos(), b.startedNanos()));
            for (int next = 1; next < reads.size(); next++) {
                Poll before = reads.get(next - 1);
                Poll after = reads.get(next);
                if (!before.member().equals(after.member())) {
                    assertThat(after.startedNanos()).as("partition %d read by %s while %s was reading it", partition,
                            after.member(), before.member()).isGreaterThan(before.endedNanos());
                }
            }
        });
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
