package io.millrace.workbench.endtoend;

import io.millrace.workbench.suite.FreePorts;
import io.millrace.workbench.suite.Suite;
import io.millrace.workbench.suite.SuiteDirectories;
import io.millrace.workbench.suite.SuiteSettings;
import io.millrace.workbench.suite.SuiteSize;
import io.millrace.workbench.suite.TestSuites;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Starts the shared suite for the first test that asks and stops it after the last. Gives tests the {@link Suite} and its {@link Gateway}. Its data goes
 * with it unless a test failed.
 */
final class SharedSuite implements ParameterResolver, BeforeAllCallback, AfterEachCallback, AfterAllCallback {
    static final String LOCK = "the shared suite";
    /** The lock of tests that make and drop the topic of the README's tour, which is that of the API's examples. */
    static final String ORDERS = "the topic \"orders\"";
    private static final SuiteSize SIZE = new SuiteSize(3, 1, 2, 1);
    /** Silence after which a consumer of KIP-848 is dead. */
    static final Duration CONSUMER_SESSION = Duration.ofSeconds(6);
    /** The streams of a gateway that is killed are given up soon: tests kill gateways faster than sessions end otherwise. */
    private static final Map<String, String> ENVIRONMENT = new HashMap<>(TestSuites.QUICK_COMPILER);

    static {
        ENVIRONMENT.put("MILLRACE_EVENTS_GROUPS_SESSION", "3s");
        ENVIRONMENT.put("MILLRACE_COORDINATOR_SESSION_TIMEOUT", CONSUMER_SESSION.toMillis() + "ms");
        ENVIRONMENT.put("MILLRACE_GROUP_CLASSIC_INITIAL_REBALANCE_DELAY", "500ms");
    }

    /** More of them at a time would wait for the processors only. */
    private static final Semaphore STEADY_AT_A_TIME = new Semaphore(2);
    private static final Namespace NAMESPACE = Namespace.create(SharedSuite.class);

    /** The suite until the last test has ended. */
    private static final class Running implements AutoCloseable {
        private final Suite suite;
        private volatile boolean isAnyTestFailed;

        Running(Suite suite) {
            this.suite = suite;
        }

        @Override
        public void close() throws IOException {
            suite.close();
            if (!isAnyTestFailed) {
                SuiteDirectories.deleteRecursively(suite.settings().directories().data());
            }
        }
    }

    @Override
    public void beforeAll(ExtensionContext context) throws InterruptedException {
        if (isSteady(context)) {
            STEADY_AT_A_TIME.acquire();
        }
    }

    @Override
    public void afterEach(ExtensionContext context) {
        noteFailure(context);
    }

    @Override
    public void afterAll(ExtensionContext context) {
        noteFailure(context);
        if (isSteady(context)) {
            STEADY_AT_A_TIME.release();
        }
    }

    private static boolean isSteady(ExtensionContext context) {
        return context.getRequiredTestClass().isAnnotationPresent(WithSteadySuite.class);
    }

    private static void noteFailure(ExtensionContext context) {
        Running running = context.getRoot().getStore(NAMESPACE).get(Running.class, Running.class);
        if (running != null && context.getExecutionException().isPresent()) {
            running.isAnyTestFailed = true;
        }
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        Class<?> type = parameter.getParameter().getType();
        return type == Suite.class || type == Gateway.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        Suite suite = context.getRoot().getStore(NAMESPACE)
                .computeIfAbsent(Running.class, type -> new Running(start()), Running.class).suite;
        return parameter.getParameter().getType() == Suite.class ? suite : new Gateway(suite.gatewayUrl());
    }

    private static Suite start() {
        try {
            SuiteSettings settings = new SuiteSettings(TestSuites.home(),
                    new SuiteDirectories(TestSuites.directory("suite")), SIZE,
                    FreePorts.find(SIZE, RandomGenerator.getDefault()), ENVIRONMENT,
                    SuiteSettings.DEFAULT_READY_TIMEOUT);
            Suite suite = Suite.prepare(settings, System.out::println);
            suite.start();
            return suite;
        } catch (IOException e) {
            throw new IllegalStateException("the suite does not start", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while the suite started", e);
        }
    }
}
