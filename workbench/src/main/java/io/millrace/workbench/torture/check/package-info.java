/** What a tortured suite was seen to do, and whether that is what a log must do: pure. */
@NullMarked
package io.millrace.workbench.torture.check;

import org.jspecify.annotations.NullMarked;
