package io.millrace.workbench.groups;

import java.time.Duration;

/**
 * What a change of its members did to a group.
 *
 * @param settled      from the change until every partition had one reader again and all had equal shares
 * @param moved        partitions that went from a consumer that stayed to another
 * @param mustMove     as many of them as equal shares take
 * @param regained     partitions that a consumer let go of only to have them again
 * @param longestPause the longest time in which a partition had no reader
 */
public record Change(Duration settled, int moved, int mustMove, int regained, Duration longestPause) {
    /** Partitions that their consumer stopped to read though it could have gone on. */
    public int stoppedForNothing() {
        return regained + moved - mustMove;
    }
}
