/** POST of records: one pass over the body's bytes finds the records as slices, which the producer copies into batches. */
@NullMarked
package io.millrace.gateway.produce;

import org.jspecify.annotations.NullMarked;
