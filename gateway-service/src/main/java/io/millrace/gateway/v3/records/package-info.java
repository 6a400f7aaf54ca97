/** Producing in the v3 dialect: a stream of JSON objects in, a stream of reports out; and batches. */
@NullMarked
package io.millrace.gateway.v3.records;

import org.jspecify.annotations.NullMarked;
