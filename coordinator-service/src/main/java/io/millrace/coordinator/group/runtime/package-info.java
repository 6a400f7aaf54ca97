/** Keeps the groups of this coordinator's shards: one change at a time per group, stored before it is believed. */
@NullMarked
package io.millrace.coordinator.group.runtime;

import org.jspecify.annotations.NullMarked;
