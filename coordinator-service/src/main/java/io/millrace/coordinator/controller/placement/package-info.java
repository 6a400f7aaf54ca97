/** Where the replicas of all partitions are to be when brokers come and go and topics grow: pure planners. */
@NullMarked
package io.millrace.coordinator.controller.placement;

import org.jspecify.annotations.NullMarked;
