package io.millrace.coordinator.group;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;

/**
 * What an assignor decides from.
 *
 * @param subscribers  for each subscribed topic, ordered by name, its subscribers ordered by member id
 * @param current      what each member owns in the target before, for the assignor that moves little
 */
record AssignmentRequest(Map<Topic, List<String>> subscribers, SortedMap<String, SortedSet<PartitionId>> current) {
    AssignmentRequest {
        subscribers = Collections.unmodifiableMap(new LinkedHashMap<>(subscribers));
        current = Collections.unmodifiableSortedMap(new TreeMap<>(current));
    }

    static AssignmentRequest of(Collection<Member> members, SortedMap<String, SortedSet<PartitionId>> target,
            Topics topics) {
        var membersBySubscription = new LinkedHashMap<Subscription, List<String>>();
        for (Member member : members) {
            membersBySubscription.computeIfAbsent(member.profile().subscription(), _ -> new ArrayList<>())
                    .add(member.memberId());
        }
        var byName = new TreeMap<String, Topic>();
        var membersByTopic = new HashMap<String, List<String>>();
        membersBySubscription.forEach((subscription, alike) -> topics.coveredBy(subscription).forEach((name, topic) -> {
            byName.put(name, topic);
            membersByTopic.computeIfAbsent(name, _ -> new ArrayList<>()).addAll(alike);
        }));
        var subscribers = new LinkedHashMap<Topic, List<String>>();
        byName.forEach((name, topic) -> {
            List<String> ofTopic = membersByTopic.getOrDefault(name, List.of());
            subscribers.put(topic, ofTopic.stream().sorted().toList());
        });
        var current = new TreeMap<String, SortedSet<PartitionId>>();
        for (Member member : members) {
            current.put(member.memberId(), target.getOrDefault(member.memberId(), PartitionId.sorted(List.of())));
        }
        return new AssignmentRequest(subscribers, current);
    }

    /** An empty list per member, to be filled. */
    SortedMap<String, List<PartitionId>> nothingYet() {
        var lists = new TreeMap<String, List<PartitionId>>();
        current.keySet().forEach(memberId -> lists.put(memberId, new ArrayList<>()));
        return lists;
    }

    static SortedMap<String, SortedSet<PartitionId>> finished(Map<String, ? extends Collection<PartitionId>> lists) {
        var sets = new TreeMap<String, SortedSet<PartitionId>>();
        lists.forEach((memberId, partitions) -> sets.put(memberId, PartitionId.sorted(partitions)));
        return sets;
    }
}
