package io.millrace.broker.replication.simulation;

/** A rule broken on purpose, which the checkers must find. */
enum Mutant {
    /** Nothing is broken. */
    NONE,
    /** The high watermark counts the committed ISR only, while a replica joins. */
    HIGH_WATERMARK_OVER_COMMITTED_ISR,
    /** A new follower cuts its log at its own high watermark, and histories are not compared. */
    TRUNCATION_BY_HIGH_WATERMARK,
    /** A broker that may have lost its tail says that its log is whole. */
    TAIL_LOST_STAYS_IN_SYNC,
    /** A leader serves fetches of any leader epoch. */
    NO_LEADER_EPOCH_CHECK,
    /** The high watermark rises while the ISR is below its minimum. */
    HIGH_WATERMARK_BELOW_MINIMUM,
    /** A follower's position counts before it has written down that it has joined the leader's epoch. */
    POSITION_COUNTS_BEFORE_JOINING,
    /** An acks=all request that is a duplicate is answered before its first arrival is committed. */
    DUPLICATE_IS_ACKNOWLEDGED_AT_ONCE,
    /** A replica goes, and its leader leads on in the same epoch. */
    REMOVAL_IN_THE_SAME_EPOCH
}
