/** The offset service: committed offsets, fenced by group membership. */
@NullMarked
package io.millrace.offset;

import org.jspecify.annotations.NullMarked;
