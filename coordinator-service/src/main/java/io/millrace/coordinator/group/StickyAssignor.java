package io.millrace.coordinator.group;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Balances with as few moves as it can find. Everybody keeps what it had and may still read; what nobody has goes to the
 * least loaded subscriber; then, while some chain of hand-overs leads from a member to one that has at least two fewer,
 * each member of the shortest such chain gives one partition to the next. Where no chain is left, the loads are as even as
 * the subscriptions allow (Harvey et al., "Semi-matchings for bipartite graphs and load balancing", theorem 3.1).
 */
final class StickyAssignor implements Assignor {
    @Override
    public SortedMap<String, SortedSet<PartitionId>> assign(AssignmentRequest request) {
        var work = new Work(request);
        work.keepWhatIsAllowed();
        work.placeTheRest();
        work.level();
        return work.result();
    }

    /** One run: the state of the search, thrown away after it. */
    private static final class Work {
        private final AssignmentRequest request;
        private final Map<UUID, Set<String>> subscribers = new HashMap<>();
        private final SortedMap<String, SortedMap<UUID, List<PartitionId>>> byTopic = new TreeMap<>();
        private final Map<String, Integer> load = new HashMap<>();
        private final Set<PartitionId> placed = new HashSet<>();

        Work(AssignmentRequest request) {
            this.request = request;
            request.subscribers().forEach((topic, members) -> subscribers.put(topic.id(), new HashSet<>(members)));
            request.current().keySet().forEach(memberId -> {
                byTopic.put(memberId, new TreeMap<>());
                load.put(memberId, 0);
            });
        }

        void keepWhatIsAllowed() {
            var counts = new HashMap<UUID, Integer>();
            request.subscribers().keySet().forEach(topic -> counts.put(topic.id(), topic.partitionCount()));
            request.current().forEach((memberId, partitions) -> {
                for (PartitionId partition : partitions) {
                    if (partition.partition() < counts.getOrDefault(partition.topicId(), 0)
                            && subscribers.get(partition.topicId()).contains(memberId) && placed.add(partition)) {
                        give(partition, memberId);
                    }
                }
            });
        }

        /** Topics with the fewest subscribers first: they have the least choice. */
        void placeTheRest() {
            var order = new ArrayList<>(request.subscribers().entrySet());
            order.sort(Comparator.comparingInt(entry -> entry.getValue().size()));
            for (var entry : order) {
                var lightest = new PriorityQueue<String>(
                        Comparator.<String>comparingInt(load::get).thenComparing(Comparator.naturalOrder()));
                lightest.addAll(entry.getValue());
                for (int index = 0; index < entry.getKey().partitionCount(); index++) {
                    var partition = new PartitionId(entry.getKey().id(), index);
                    if (placed.add(partition)) {
                        String memberId = lightest.remove();
                        give(partition, memberId);
                        lightest.add(memberId);
                    }
                }
            }
        }

        /**
         * Members from which no chain was found, with all they can reach, are done for good: later hand-overs happen outside
         * of that set and never open a way out of it. So the whole search is one pass over the graph plus one per chain.
         */
        void level() {
            var done = new HashSet<String>();
            String heaviest = heaviestOutside(done);
            while (heaviest != null) {
                handOverOrSettle(heaviest, done);
                heaviest = heaviestOutside(done);
            }
        }

        SortedMap<String, SortedSet<PartitionId>> result() {
            var lists = new TreeMap<String, List<PartitionId>>();
            byTopic.forEach((memberId, topics) -> lists.put(memberId, topics.values().stream().flatMap(List::stream)
                    .toList()));
            return AssignmentRequest.finished(lists);
        }

        private @Nullable String heaviestOutside(Set<String> done) {
            String heaviest = null;
            for (String memberId : byTopic.keySet()) {
                if (!done.contains(memberId) && (heaviest == null || load.get(memberId) > load.get(heaviest))) {
                    heaviest = memberId;
                }
            }
            return heaviest;
        }

        /** Breadth-first over "could give a partition of this topic to that member": hands over one chain, or settles all it saw. */
        private void handOverOrSettle(String from, Set<String> done) {
            var reachedBy = new HashMap<String, Step>();
            var topicsSeen = new HashSet<UUID>();
            var queue = new ArrayDeque<String>();
            var visited = new ArrayList<String>();
            queue.add(from);
            visited.add(from);
            while (!queue.isEmpty()) {
                String giver = queue.remove();
                for (UUID topic : byTopic.get(giver).keySet()) {
                    if (!topicsSeen.add(topic)) {
                        continue;
                    }
                    for (String taker : takersByLoad(topic)) {
                        if (taker.equals(from) || done.contains(taker) || reachedBy.containsKey(taker)) {
                            continue;
                        }
                        reachedBy.put(taker, new Step(giver, topic));
                        if (load.get(taker) <= load.get(from) - 2) {
                            handOver(from, taker, reachedBy);
                            return;
                        }
                        visited.add(taker);
                        queue.add(taker);
                    }
                }
            }
            done.addAll(visited);
        }

        private List<String> takersByLoad(UUID topic) {
            var takers = new ArrayList<>(subscribers.get(topic));
            takers.sort(Comparator.<String>comparingInt(load::get).thenComparing(Comparator.naturalOrder()));
            return takers;
        }

        private void handOver(String from, String to, Map<String, Step> reachedBy) {
            String taker = to;
            while (!taker.equals(from)) {
                Step step = reachedBy.get(taker);
                PartitionId partition = take(step.topic(), step.giver());
                give(partition, taker);
                taker = step.giver();
            }
        }

        /** Rather one that the giver did not have before: that is no move at all for the clients. */
        private PartitionId take(UUID topic, String giver) {
            List<PartitionId> partitions = byTopic.get(giver).get(topic);
            Set<PartitionId> before = request.current().get(giver);
            int index = partitions.size() - 1;
            for (int i = index; i >= 0; i--) {
                if (!before.contains(partitions.get(i))) {
                    index = i;
                    break;
                }
            }
            PartitionId taken = partitions.remove(index);
            if (partitions.isEmpty()) {
                byTopic.get(giver).remove(topic);
            }
            load.merge(giver, -1, Integer::sum);
            return taken;
        }

        private void give(PartitionId partition, String memberId) {
            byTopic.get(memberId).computeIfAbsent(partition.topicId(), _ -> new ArrayList<>()).add(partition);
            load.merge(memberId, 1, Integer::sum);
        }
    }

    private record Step(String giver, UUID topic) {}
}
