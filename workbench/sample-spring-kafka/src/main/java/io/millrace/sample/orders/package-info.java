/** A sample to copy: orders come over HTTP, go through a topic, and are worked off by a group of listeners. */
@NullMarked
package io.millrace.sample.orders;

import org.jspecify.annotations.NullMarked;
