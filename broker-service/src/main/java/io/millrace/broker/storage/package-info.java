/** A broker's data directory: its lock and identity, the folders and files of the partition logs, checkpoints, and the work done on them in the background. */
@NullMarked
package io.millrace.broker.storage;

import org.jspecify.annotations.NullMarked;
