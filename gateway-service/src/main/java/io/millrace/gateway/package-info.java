/** The gateway: REST and server-sent events in front of the brokers, stateless. */
@NullMarked
package io.millrace.gateway;

import org.jspecify.annotations.NullMarked;
