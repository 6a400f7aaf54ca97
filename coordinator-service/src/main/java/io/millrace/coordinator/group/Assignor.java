package io.millrace.coordinator.group;

import java.util.SortedMap;
import java.util.SortedSet;

/** Decides which member shall own which partition. Every partition that somebody subscribes to gets exactly one owner. */
interface Assignor {
    /** @return for every member of the request, in the same order, what it shall own */
    SortedMap<String, SortedSet<PartitionId>> assign(AssignmentRequest request);
}
