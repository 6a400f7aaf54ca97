package io.millrace.coordinator.group.classic;

/** Why a request is refused, under the names that Kafka's protocol has for it. */
public enum ClassicFault {
    UNKNOWN_MEMBER_ID,
    /** Not before the member names the id that it is given with this answer (KIP-394). */
    MEMBER_ID_REQUIRED,
    /** Another has taken the {@code group.instance.id} over (KIP-345). */
    FENCED_INSTANCE_ID, ILLEGAL_GENERATION, REBALANCE_IN_PROGRESS, INCONSISTENT_GROUP_PROTOCOL,
    INVALID_SESSION_TIMEOUT, GROUP_MAX_SIZE_REACHED,
    /** More bytes than are kept of one member. */
    INVALID_REQUEST,
    /** The next coordinator of the group is to be looked for. */
    NOT_COORDINATOR,
    /** To be asked again later. */
    COORDINATOR_NOT_AVAILABLE
}
