/** Moves the committed offsets of an empty group. */
@NullMarked
package io.millrace.offset.reset;

import org.jspecify.annotations.NullMarked;
