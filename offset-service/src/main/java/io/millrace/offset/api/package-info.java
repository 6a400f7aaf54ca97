/** The HTTP edge of this service. */
@NullMarked
package io.millrace.offset.api;

import org.jspecify.annotations.NullMarked;
