/** The rules of the house, checked on the compiled classes and the sources of every module. */
@NullMarked
package io.millrace.workbench.architecture;

import org.jspecify.annotations.NullMarked;
