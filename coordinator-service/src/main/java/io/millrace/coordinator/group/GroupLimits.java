package io.millrace.coordinator.group;

/**
 * How big a group's state may grow.
 *
 * @param maxMembers              members of one group
 * @param maxSubscribedTopics     topics that one member names
 * @param maxPatternLength        characters of one member's topic pattern
 */
public record GroupLimits(int maxMembers, int maxSubscribedTopics, int maxPatternLength, int minSessionTimeoutMs,
        int maxSessionTimeoutMs) {}
