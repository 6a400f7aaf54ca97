/** Live subscriptions: server-sent events from the log, resumable at any event, with one shared reader for all who are at the tail. */
@NullMarked
package io.millrace.gateway.events;

import org.jspecify.annotations.NullMarked;
