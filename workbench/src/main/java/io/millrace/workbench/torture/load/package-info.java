/** Clients that write, read and commit while a suite is tortured, and record what they see. */
@NullMarked
package io.millrace.workbench.torture.load;

import org.jspecify.annotations.NullMarked;
