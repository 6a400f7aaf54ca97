/** What may be held of a kind, counted. */
@NullMarked
package io.millrace.gateway.memory;

import org.jspecify.annotations.NullMarked;
