/** Consumer instances over HTTP: polls, commits and seeks on behalf of members that the coordinator keeps. */
@NullMarked
package io.millrace.gateway.consumers;

import org.jspecify.annotations.NullMarked;
