/** Which faults befall a suite, drawn from a seed: pure. */
@NullMarked
package io.millrace.workbench.torture.plan;

import org.jspecify.annotations.NullMarked;
