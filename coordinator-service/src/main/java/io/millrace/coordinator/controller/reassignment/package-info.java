/** Brings partitions to other brokers while they serve, bit by bit, and lets brokers go. */
@NullMarked
package io.millrace.coordinator.controller.reassignment;

import org.jspecify.annotations.NullMarked;
