/** What Kafka clients find, beside what Apache Kafka has. */
@NullMarked
package io.millrace.workbench.kafka;

import org.jspecify.annotations.NullMarked;
