/** Kafka's classic group protocol, where members rebalance together and one of them assigns: pure, no clock, no thread, no I/O. */
@NullMarked
package io.millrace.coordinator.group.classic;

import org.jspecify.annotations.NullMarked;
