/** Every meter of this service. */
@NullMarked
package io.millrace.offset.meters;

import org.jspecify.annotations.NullMarked;
