package io.millrace.workbench.torture;

import io.millrace.workbench.torture.plan.Fault;

/** A fault that was done. @param startMs since the run began @param endMs when it was over and all was ready again */
record Survived(Fault fault, long startMs, long endMs) {}
