package io.millrace.coordinator.group;

import java.util.SortedMap;
import java.util.SortedSet;

/**
 * Gives each member a run of neighbouring partitions of every topic, so that topics with equal partition counts and equal
 * subscribers are split alike: records of one key in two topics reach the same member.
 */
final class RangeAssignor implements Assignor {
    @Override
    public SortedMap<String, SortedSet<PartitionId>> assign(AssignmentRequest request) {
        var assignment = request.nothingYet();
        request.subscribers().forEach((topic, members) -> {
            int least = topic.partitionCount() / members.size();
            int withOneMore = topic.partitionCount() % members.size();
            int next = 0;
            for (int i = 0; i < members.size(); i++) {
                int count = i < withOneMore ? least + 1 : least;
                for (int j = 0; j < count; j++) {
                    assignment.get(members.get(i)).add(new PartitionId(topic.id(), next++));
                }
            }
        });
        return AssignmentRequest.finished(assignment);
    }
}
