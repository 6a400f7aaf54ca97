/** The partition log: segments, indexes, producer state and leader epochs in Kafka's on-disk format. A pure core over {@link io.millrace.broker.log.LogStore}. */
@NullMarked
package io.millrace.broker.log;

import org.jspecify.annotations.NullMarked;
