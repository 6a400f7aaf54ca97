package io.millrace.coordinator.group;

import java.util.HashSet;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;

/**
 * Deals the partitions of all topics out in turn, one to each member, passing over those who do not subscribe to the
 * topic. With equal subscriptions no member has two more than another.
 */
final class RoundRobinAssignor implements Assignor {
    @Override
    public SortedMap<String, SortedSet<PartitionId>> assign(AssignmentRequest request) {
        var assignment = request.nothingYet();
        List<String> circle = List.copyOf(request.current().keySet());
        int turn = 0;
        for (var entry : request.subscribers().entrySet()) {
            Topic topic = entry.getKey();
            var subscribers = new HashSet<>(entry.getValue());
            for (int partition = 0; partition < topic.partitionCount(); partition++) {
                while (!subscribers.contains(circle.get(turn % circle.size()))) {
                    turn++;
                }
                assignment.get(circle.get(turn % circle.size())).add(new PartitionId(topic.id(), partition));
                turn++;
            }
        }
        return AssignmentRequest.finished(assignment);
    }
}
