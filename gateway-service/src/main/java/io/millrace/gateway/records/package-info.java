/** Records on their way out: the three formats with their media types, and the writer that polls, reads and event streams share. */
@NullMarked
package io.millrace.gateway.records;

import org.jspecify.annotations.NullMarked;
