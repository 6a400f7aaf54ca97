/** Kafka's wire protocol on virtual threads: a listener for services to answer on, and a pipelined client to ask brokers with. */
@NullMarked
package io.millrace.common.wire;

import org.jspecify.annotations.NullMarked;
