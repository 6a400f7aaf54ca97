/** {@code ./millrace torture}: a suite of its own under load and faults, and a verdict. */
@NullMarked
package io.millrace.workbench.torture;

import org.jspecify.annotations.NullMarked;
