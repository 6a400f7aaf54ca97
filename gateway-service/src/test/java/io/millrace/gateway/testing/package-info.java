/** A gateway under test: a running context over brokers and services in memory. */
@NullMarked
package io.millrace.gateway.testing;

import org.jspecify.annotations.NullMarked;
