/** What the broker answers on Kafka's wire protocol. */
@NullMarked
package io.millrace.broker.listener;

import org.jspecify.annotations.NullMarked;
