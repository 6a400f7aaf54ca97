/** The partitions of this broker: which of them it leads, in which epoch, and who waits for their next records. */
@NullMarked
package io.millrace.broker.partition;

import org.jspecify.annotations.NullMarked;
