/** {@code ./millrace failover}: how long a partition takes no writes when brokers die, hang or restart, and whether anything is lost; Apache Kafka likewise. */
@NullMarked
package io.millrace.workbench.failover;

import org.jspecify.annotations.NullMarked;
