/** Brokers and where replicas are, over HTTP: list, rebalance, drain, remove, and what topics get more. */
@NullMarked
package io.millrace.gateway.cluster;

import org.jspecify.annotations.NullMarked;
