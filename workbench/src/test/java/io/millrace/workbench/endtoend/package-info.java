/** The suite from outside: real processes from their jars, real clients, real data, real faults. */
@NullMarked
package io.millrace.workbench.endtoend;

import org.jspecify.annotations.NullMarked;
