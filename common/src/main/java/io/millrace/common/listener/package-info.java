/** What every node that Kafka clients are told of answers, broker or coordinator: clients ask any of them. */
@NullMarked
package io.millrace.common.listener;

import org.jspecify.annotations.NullMarked;
