/** What is committed: read and forgotten. */
@NullMarked
package io.millrace.offset.stored;

import org.jspecify.annotations.NullMarked;
