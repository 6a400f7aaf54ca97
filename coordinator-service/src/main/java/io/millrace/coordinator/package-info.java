/** The coordinator service: the controller (placement, elections) and the consumer groups. */
@NullMarked
package io.millrace.coordinator;

import org.jspecify.annotations.NullMarked;
