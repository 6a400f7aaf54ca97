/** The suite as a whole on one machine: the command line's front. */
@NullMarked
package io.millrace.workbench;

import org.jspecify.annotations.NullMarked;
