/** The control protocol between services: typed HTTP interfaces with their messages, and the clients that find the right service. */
@NullMarked
package io.millrace.common.api;

import org.jspecify.annotations.NullMarked;
