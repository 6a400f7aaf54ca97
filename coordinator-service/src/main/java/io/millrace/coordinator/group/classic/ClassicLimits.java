package io.millrace.coordinator.group.classic;

/**
 * How much a classic group may hold, and how long it waits.
 *
 * @param maxMembers          members of one group, and likewise ids that were given out and not come back with
 * @param maxMetadataBytes    all that one member says of its protocols
 * @param maxAssignmentBytes  what one member is assigned
 * @param initialDelayMs      how long an empty group waits for more members once the first has come
 */
public record ClassicLimits(int maxMembers, int maxMetadataBytes, int maxAssignmentBytes, int minSessionTimeoutMs,
        int maxSessionTimeoutMs, int initialDelayMs) {}
