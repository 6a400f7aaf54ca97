package io.millrace.coordinator.group;

import java.util.UUID;

/** What a group needs to know of a topic. */
public record Topic(UUID id, String name, int partitionCount) {}
