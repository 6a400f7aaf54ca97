/** The arithmetic of the failover figures. */
@NullMarked
package io.millrace.workbench.failover;

import org.jspecify.annotations.NullMarked;
