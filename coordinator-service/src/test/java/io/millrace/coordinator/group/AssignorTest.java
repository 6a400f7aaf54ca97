package io.millrace.coordinator.group;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class AssignorTest {
    private static final int RUNS = 2_000;

    @ParameterizedTest
    @EnumSource(AssignorName.class)
    void every_subscribed_partition_gets_one_owner_that_subscribes_to_it(AssignorName name) {
        forAllSeeds(RUNS, (seed, random) -> {
            AssignmentRequest request = randomRequest(random, random.nextBoolean());
            var assignment = name.assignor().assign(request);

            assertThat(assignment.keySet()).as("seed %d", seed).isEqualTo(request.current().keySet());
            var owners = new HashMap<PartitionId, String>();
            assignment.forEach((memberId, partitions) -> partitions.forEach(partition -> assertThat(
                    owners.put(partition, memberId)).as("seed %d: second owner of %s", seed, partition).isNull()));
            var wanted = new ArrayList<PartitionId>();
            request.subscribers().forEach((topic, subscribers) -> partitionsOf(topic).forEach(partition -> {
                wanted.add(partition);
                assertThat(owners.get(partition)).as("seed %d: owner of %s", seed, partition).isIn(subscribers);
            }));
            assertThat(owners.keySet()).as("seed %d", seed).containsExactlyInAnyOrderElementsOf(wanted);
        });
    }

    @ParameterizedTest
    @EnumSource(value = AssignorName.class, names = {"ROUND_ROBIN", "STICKY"})
    void with_equal_subscriptions_no_member_has_two_more_than_another(AssignorName name) {
        forAllSeeds(RUNS, (seed, random) -> {
            var assignment = name.assignor().assign(randomRequest(random, true));

            var loads = assignment.values().stream().mapToInt(SortedSet::size).summaryStatistics();
            assertThat(loads.getMax() - loads.getMin()).as("seed %d", seed).isLessThanOrEqualTo(1);
        });
    }

    @Test
    void range_gives_each_member_a_run_of_neighbours_of_every_topic() {
        Topic orders = topic("orders", 7);
        Topic returns = topic("returns", 7);
        var request = new AssignmentRequest(subscribed(List.of("a", "b", "c"), orders, returns), nothingOwned("a", "b",
                "c"));

        var assignment = AssignorName.RANGE.assignor().assign(request);

        assertThat(indexesOf(assignment.get("a"), orders)).containsExactly(0, 1, 2);
        assertThat(indexesOf(assignment.get("b"), orders)).containsExactly(3, 4);
        assertThat(indexesOf(assignment.get("c"), orders)).containsExactly(5, 6);
        assertThat(indexesOf(assignment.get("b"), returns)).containsExactly(3, 4);
    }

    @Test
    void round_robin_goes_on_with_the_next_member_at_the_next_topic() {
        Topic orders = topic("orders", 1);
        Topic returns = topic("returns", 1);
        var request = new AssignmentRequest(subscribed(List.of("a", "b"), orders, returns), nothingOwned("a", "b"));

        var assignment = AssignorName.ROUND_ROBIN.assignor().assign(request);

        assertThat(assignment.get("a")).containsExactly(new PartitionId(orders.id(), 0));
        assertThat(assignment.get("b")).containsExactly(new PartitionId(returns.id(), 0));
    }

    @Test
    void sticky_moves_nothing_while_nothing_changes() {
        forAllSeeds(RUNS, (seed, random) -> {
            AssignmentRequest request = randomRequest(random, random.nextBoolean());
            var first = AssignorName.STICKY.assignor().assign(request);

            var second = AssignorName.STICKY.assignor().assign(new AssignmentRequest(request.subscribers(), first));

            assertThat(second).as("seed %d", seed).isEqualTo(first);
        });
    }

    @Test
    void sticky_moves_no_more_than_an_even_spread_needs() {
        forAllSeeds(RUNS, (seed, random) -> {
            AssignmentRequest before = randomRequest(random, true);
            var owned = AssignorName.STICKY.assignor().assign(before);
            List<String> members = membershipChanged(random, owned.keySet());
            AssignmentRequest after = withMembers(before, members, owned);

            var assignment = AssignorName.STICKY.assignor().assign(after);

            long moved = after.current().entrySet().stream()
                    .mapToLong(entry -> entry.getValue().stream()
                            .filter(partition -> !assignment.get(entry.getKey()).contains(partition)).count())
                    .sum();
            assertThat(moved).as("seed %d", seed).isEqualTo(leastMoves(after));
        });
    }

    @Test
    void sticky_is_as_even_as_any_assignment_can_be_when_subscriptions_differ() {
        forAllSeeds(500, (seed, random) -> {
            AssignmentRequest request = smallUnequalRequest(random);

            var assignment = AssignorName.STICKY.assignor().assign(request);

            int squares = assignment.values().stream().mapToInt(partitions -> partitions.size() * partitions.size())
                    .sum();
            assertThat(squares).as("seed %d: %s", seed, assignment).isEqualTo(leastSquares(request));
        });
    }

    @Test
    void sticky_finds_a_chain_of_hand_overs_through_a_member_that_is_full_itself() {
        Topic left = topic("left", 3);
        Topic right = topic("right", 2);
        var subscribers = new LinkedHashMap<Topic, List<String>>();
        subscribers.put(left, List.of("a", "b"));
        subscribers.put(right, List.of("b", "c"));
        var current = new TreeMap<String, SortedSet<PartitionId>>(Map.of("a", PartitionId.sorted(partitionsOf(left)),
                "b",
                PartitionId.sorted(partitionsOf(right)), "c", PartitionId.sorted(List.of())));

        var assignment = AssignorName.STICKY.assignor().assign(new AssignmentRequest(subscribers, current));

        assertThat(assignment.values().stream().map(SortedSet::size)).containsExactlyInAnyOrder(2, 2, 1);
    }

    private interface Trial {
        void run(long seed, SplittableRandom random);
    }

    private static void forAllSeeds(int runs, Trial trial) {
        for (long seed = 0; seed < runs; seed++) {
            trial.run(seed, new SplittableRandom(seed));
        }
    }

    private static AssignmentRequest randomRequest(SplittableRandom random, boolean equalSubscriptions) {
        var members = new ArrayList<String>();
        for (int i = random.nextInt(1, 9); i > 0; i--) {
            members.add("m" + i);
        }
        var subscribers = new LinkedHashMap<Topic, List<String>>();
        for (int i = random.nextInt(1, 5); i > 0; i--) {
            var ofTopic = new ArrayList<>(members);
            if (!equalSubscriptions) {
                ofTopic.removeIf(_ -> random.nextInt(3) == 0);
            }
            ofTopic.sort(null);
            if (!ofTopic.isEmpty()) {
                subscribers.put(topic("t" + i, random.nextInt(1, 13)), ofTopic);
            }
        }
        var owned = new TreeMap<String, List<PartitionId>>();
        members.forEach(memberId -> owned.put(memberId, new ArrayList<>()));
        // Left over from a time of other subscriptions: some of it lies beyond what there is today.
        subscribers.keySet().forEach(topic -> partitionsOf(new Topic(topic.id(), topic.name(), topic.partitionCount()
                + 2))
                .forEach(partition -> {
                    if (random.nextBoolean()) {
                        owned.get(members.get(random.nextInt(members.size()))).add(partition);
                    }
                }));
        return new AssignmentRequest(subscribers, AssignmentRequest.finished(owned));
    }

    private static AssignmentRequest smallUnequalRequest(SplittableRandom random) {
        AssignmentRequest request;
        do {
            request = randomRequest(random, false);
        } while (request.current().size() > 4 || partitionCount(request) > 7);
        return request;
    }

    private static int partitionCount(AssignmentRequest request) {
        return request.subscribers().keySet().stream().mapToInt(Topic::partitionCount).sum();
    }

    private static List<String> membershipChanged(SplittableRandom random, Collection<String> before) {
        var members = new ArrayList<>(before);
        for (int i = random.nextInt(0, 3); i > 0 && members.size() > 1; i--) {
            members.remove(random.nextInt(members.size()));
        }
        for (int i = random.nextInt(0, 3); i > 0; i--) {
            members.add("new" + i);
        }
        members.sort(null);
        return members;
    }

    private static AssignmentRequest withMembers(AssignmentRequest before, List<String> members,
            SortedMap<String, SortedSet<PartitionId>> owned) {
        var subscribers = new LinkedHashMap<Topic, List<String>>();
        before.subscribers().keySet().forEach(topic -> subscribers.put(topic, members));
        var current = new TreeMap<String, SortedSet<PartitionId>>();
        members.forEach(member -> current.put(member, owned.getOrDefault(member, PartitionId.sorted(List.of()))));
        return new AssignmentRequest(subscribers, current);
    }

    /** With equal subscriptions: those who have most keep the larger shares, and each gives away what is beyond its share. */
    private static long leastMoves(AssignmentRequest request) {
        int members = request.current().size();
        int share = partitionCount(request) / members;
        int larger = partitionCount(request) % members;
        List<Integer> loads = request.current().values().stream().map(SortedSet::size).sorted((a, b) -> b - a).toList();
        long moves = 0;
        for (int i = 0; i < members; i++) {
            moves += Math.max(0, loads.get(i) - (i < larger ? share + 1 : share));
        }
        return moves;
    }

    /** Over all assignments there are. */
    private static int leastSquares(AssignmentRequest request) {
        var choices = new ArrayList<List<String>>();
        request.subscribers().forEach((topic, members) -> partitionsOf(topic).forEach(_ -> choices.add(members)));
        return leastSquares(choices, 0, new HashMap<>());
    }

    private static int leastSquares(List<List<String>> choices, int next, Map<String, Integer> loads) {
        if (next == choices.size()) {
            return loads.values().stream().mapToInt(load -> load * load).sum();
        }
        int least = Integer.MAX_VALUE;
        for (String memberId : choices.get(next)) {
            loads.merge(memberId, 1, Integer::sum);
            least = Math.min(least, leastSquares(choices, next + 1, loads));
            loads.merge(memberId, -1, Integer::sum);
        }
        return least;
    }

    private static Topic topic(String name, int partitionCount) {
        return new Topic(new UUID(1, name.hashCode()), name, partitionCount);
    }

    private static List<PartitionId> partitionsOf(Topic topic) {
        var partitions = new ArrayList<PartitionId>();
        for (int index = 0; index < topic.partitionCount(); index++) {
            partitions.add(new PartitionId(topic.id(), index));
        }
        return partitions;
    }

    private static List<Integer> indexesOf(SortedSet<PartitionId> partitions, Topic topic) {
        return partitions.stream().filter(partition -> partition.topicId().equals(topic.id())).map(
                PartitionId::partition)
                .toList();
    }

    private static Map<Topic, List<String>> subscribed(List<String> members, Topic... topics) {
        var subscribers = new LinkedHashMap<Topic, List<String>>();
        List.of(topics).forEach(topic -> subscribers.put(topic, members));
        return subscribers;
    }

    private static SortedMap<String, SortedSet<PartitionId>> nothingOwned(String... members) {
        var current = new TreeMap<String, SortedSet<PartitionId>>();
        List.of(members).forEach(member -> current.put(member, PartitionId.sorted(List.of())));
        return current;
    }
}
