package io.millrace.workbench.endtoend;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceAccessMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/**
 * A test on the suite of {@link WithSuite} that leaves all of its processes alone and has topics and groups of its own: two such tests go
 * side by side.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(SharedSuite.class)
@ResourceLock(value = SharedSuite.LOCK, mode = ResourceAccessMode.READ)
@interface WithSteadySuite {}
