package io.millrace.workbench.torture.plan;

import java.time.Duration;

/**
 * One fault of a plan.
 *
 * @param rest how long nothing befalls the suite before
 * @param hold how long it lasts; {@link Fault.RollingRestart} lasts as long as it takes
 */
public record Step(Duration rest, Fault fault, Duration hold) {}
