/** The group state machine (shaped like KIP-848) and its assignors: pure, no clock, no thread, no I/O. */
@NullMarked
package io.millrace.coordinator.group;

import org.jspecify.annotations.NullMarked;
