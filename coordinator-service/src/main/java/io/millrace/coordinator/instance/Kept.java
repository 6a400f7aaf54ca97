package io.millrace.coordinator.instance;

import org.jspecify.annotations.Nullable;

/**
 * Where a consumer stands in a partition, as it is stored.
 *
 * @param next        next offset to read
 * @param committed   what the group had committed then, or null for nothing: what it commits later is newer
 * @param soughtAfter where the client has moved it, the number of the last poll before; else null
 */
record Kept(long next, @Nullable Committed committed, @Nullable Long soughtAfter) {
    /** More than a coordinator begins in one term, and less than lies between the numbers of two terms. */
    private static final long POLLS_OF_A_TERM = 1L << 32;

    /** An offset with the time of its commit, which tells it from a later commit of the same one. */
    record Committed(long next, long atMs) {}

    /** Where to go on, or null where nothing is known. */
    static @Nullable Long position(@Nullable Kept kept, @Nullable Committed committed) {
        // What was forgotten since, by age or by an operator, was nothing newer.
        boolean isNewest = kept != null && (committed == null || committed.equals(kept.committed));
        if (isNewest) {
            return kept.next;
        }
        return committed == null ? null : committed.next();
    }

    /** Whether the client has moved it since the poll of this number began, as far as that can be told of a poll of another term. */
    boolean isSoughtSince(long pollNumber) {
        return soughtAfter != null && (pollNumber <= soughtAfter || pollNumber - soughtAfter > POLLS_OF_A_TERM);
    }
}
