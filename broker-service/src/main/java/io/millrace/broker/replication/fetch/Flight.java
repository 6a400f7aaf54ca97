package io.millrace.broker.replication.fetch;

import java.util.List;

/** A fetch that was sent and is not answered. */
record Flight(Kind kind, List<Followed> partitions) {
    enum Kind {
        /** Partitions that had records the last time, so that none of them waits for an idle one. They wait for records for a moment only. */
        HOT,
        /** The others, which wait at the leader for records. */
        IDLE,
        /** Those that a reassignment adds, within the throttle. */
        ADDED
    }
}
