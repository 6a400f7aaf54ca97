/**
 * The gateway's one producer: idempotent, ordered per partition, bounded in memory. Requests' records gather per partition in batches
 * while the batch before is under way.
 */
@NullMarked
package io.millrace.gateway.producer;

import org.jspecify.annotations.NullMarked;
