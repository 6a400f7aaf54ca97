/** What the coordinator answers on Kafka's wire protocol: groups and their offsets (KIP-848). */
@NullMarked
package io.millrace.coordinator.listener;

import org.jspecify.annotations.NullMarked;
