/** A whole cluster with one partition in one thread, driven by a seed: the real log, replication core and partition rules under every fault of the design. */
@NullMarked
package io.millrace.broker.replication.simulation;

import org.jspecify.annotations.NullMarked;
