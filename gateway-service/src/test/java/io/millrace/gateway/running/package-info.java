/** The gateway's surroundings in memory: brokers with logs, the cluster image, the other services. */
@NullMarked
package io.millrace.gateway.running;

import org.jspecify.annotations.NullMarked;
