/** Who has what of a partition: in-sync replicas, high watermark, and where a follower's log is cut. A pure core: events in, decisions out. */
@NullMarked
package io.millrace.broker.replication;

import org.jspecify.annotations.NullMarked;
