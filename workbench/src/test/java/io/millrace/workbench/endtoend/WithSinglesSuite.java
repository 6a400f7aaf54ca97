package io.millrace.workbench.endtoend;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceLock;

/**
 * A test on the other shared suite: three brokers, and of everything else one, so that it shows what each is needed for. A test that stops a process
 * starts it again. Such tests run one after the other, beside those of {@link WithSuite}.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(SharedSuite.class)
@ResourceLock(SharedSuite.SINGLES_LOCK)
@interface WithSinglesSuite {}
