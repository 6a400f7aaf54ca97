/** How a broker follows: fetchers that ask the leaders of its partitions for what comes next, one per leader. */
@NullMarked
package io.millrace.broker.replication.fetch;

import org.jspecify.annotations.NullMarked;
