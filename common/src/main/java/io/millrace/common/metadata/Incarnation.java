package io.millrace.common.metadata;

/**
 * The incarnation of the metadata is the high part of each leader epoch that was given in it: none that was given in a history which
 * PostgreSQL has lost is ever given again.
 */
public final class Incarnation {
    private static final int SHIFT = 16;

    private Incarnation() {}

    public static int of(int leaderEpoch) {
        return leaderEpoch < 0 ? 0 : leaderEpoch >> SHIFT;
    }

    /** The epoch in which nobody leads, below all that are given in the incarnation. */
    public static int firstLeaderEpoch(int incarnation) {
        return incarnation << SHIFT;
    }
}
