package io.millrace.workbench.endtoend;

import io.millrace.workbench.suite.TestSuites;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceLock;

/**
 * A test on the one running suite that all such tests share: three brokers, two gateways, everything else once. A test that stops a process starts it
 * again. Such tests run one after the other, beside at most one test with {@link TestSuites#OWN} suite. Those that stop nothing are
 * {@link WithSteadySuite}.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(SharedSuite.class)
@ResourceLock(SharedSuite.LOCK)
@interface WithSuite {}
