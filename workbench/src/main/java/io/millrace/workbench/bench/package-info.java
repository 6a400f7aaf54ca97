/** {@code ./millrace bench}: the suite under load, and Apache Kafka under the same load beside it. */
@NullMarked
package io.millrace.workbench.bench;

import org.jspecify.annotations.NullMarked;
