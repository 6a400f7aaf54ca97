/** The commands of {@code ./millrace}. */
@NullMarked
package io.millrace.workbench.cli;

import org.jspecify.annotations.NullMarked;
