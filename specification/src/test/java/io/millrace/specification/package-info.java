/** The specification in docs/spec, checked by TLC: as it stands, and with each of its rules left out. */
@NullMarked
package io.millrace.specification;

import org.jspecify.annotations.NullMarked;
