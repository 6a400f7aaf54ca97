/** The way to the partitions: who leads one, fetches and offset look-ups at the leaders with retries within a deadline. */
@NullMarked
package io.millrace.gateway.brokers;

import org.jspecify.annotations.NullMarked;
