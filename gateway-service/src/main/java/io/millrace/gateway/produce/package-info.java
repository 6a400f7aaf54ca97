/** POST of records in any shape: one pass over the bytes finds the records as slices, which the producer copies into batches. */
@NullMarked
package io.millrace.gateway.produce;

import org.jspecify.annotations.NullMarked;
