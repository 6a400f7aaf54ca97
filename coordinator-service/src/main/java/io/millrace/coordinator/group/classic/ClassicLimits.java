package io.millrace.coordinator.group.classic;

/**
 * How much a classic group may hold, and how long it waits.
 *
 * @param maxMembers          members of one group, and likewise ids that were given out and not come back with
 * @param maxProtocols        that one member knows
 * @param maxMetadataBytes    all that one member says of its protocols
 * @param maxAssignmentBytes  what one member is assigned
 * @param maxGroupBytes       all that a group's members say and are assigned; so much its leader is told at most
 * @param newMemberTimeoutMs  how long one that is new waits for its first generation, before it is taken for dead
 * @param initialDelayMs      how long an empty group waits for more members once the first has come
 */
public record ClassicLimits(int maxMembers, int maxProtocols, int maxMetadataBytes, int maxAssignmentBytes,
        long maxGroupBytes, int minSessionTimeoutMs, int maxSessionTimeoutMs,
        int newMemberTimeoutMs, int initialDelayMs) {}
