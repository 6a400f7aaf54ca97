/** Expected refusals: one list of codes, with what each is called over HTTP and on Kafka's wire. */
@NullMarked
package io.millrace.common.error;

import org.jspecify.annotations.NullMarked;
