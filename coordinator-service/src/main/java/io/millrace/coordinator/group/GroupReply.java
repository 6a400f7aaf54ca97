package io.millrace.coordinator.group;

import io.millrace.common.error.ErrorCode;
import java.util.SortedSet;

/** What the member (or whoever raised the event) is told. */
public sealed interface GroupReply {
    /**
     * @param memberEpoch  to be named in the member's next heartbeat and its commits
     * @param assigned     all that it may read from now on; it lets go of everything else and says so in its next heartbeat
     */
    record Granted(long memberEpoch, SortedSet<PartitionId> assigned) implements GroupReply {}

    /** It is done, and there is nothing to tell. */
    record Done() implements GroupReply {}

    /** Nothing changed. */
    record Refused(ErrorCode code, String message) implements GroupReply {}
}
