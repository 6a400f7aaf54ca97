/** The processes of one suite on this machine: what is started, how it is watched, stopped and found again. */
@NullMarked
package io.millrace.workbench.suite;

import org.jspecify.annotations.NullMarked;
