/** The cluster as every process sees it: an immutable image of brokers, topics, partitions and leases, fed from PostgreSQL. */
@NullMarked
package io.millrace.common.metadata;

import org.jspecify.annotations.NullMarked;
