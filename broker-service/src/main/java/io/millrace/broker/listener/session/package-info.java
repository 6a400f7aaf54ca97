/** Fetch sessions (KIP-227): what a consumer reads is remembered, so that its fetches and their answers name only what has changed. */
@NullMarked
package io.millrace.broker.listener.session;

import org.jspecify.annotations.NullMarked;
