/** Groups of Kafka's own consumers, and which of their partitions stopped when the group changed. */
@NullMarked
package io.millrace.workbench.groups;

import org.jspecify.annotations.NullMarked;
