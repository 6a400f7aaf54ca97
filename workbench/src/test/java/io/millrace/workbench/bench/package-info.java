/** The benchmark's own correctness: no figure without the work. */
@NullMarked
package io.millrace.workbench.bench;

import org.jspecify.annotations.NullMarked;
