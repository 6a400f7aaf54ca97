/** Forgets offsets that nobody will come back for: of groups long without members, and of deleted topics. */
@NullMarked
package io.millrace.offset.retention;

import org.jspecify.annotations.NullMarked;
