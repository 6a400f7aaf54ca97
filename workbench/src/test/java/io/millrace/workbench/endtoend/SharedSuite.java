package io.millrace.workbench.endtoend;

import io.millrace.workbench.suite.FreePorts;
import io.millrace.workbench.suite.Suite;
import io.millrace.workbench.suite.SuiteDirectories;
import io.millrace.workbench.suite.SuiteSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** Starts the shared suite for the first test that asks and stops it after the last. Gives tests the {@link Suite} and its {@link Gateway}. */
final class SharedSuite implements ParameterResolver {
    private static final int BROKERS = 3;
    private static final Namespace NAMESPACE = Namespace.create(SharedSuite.class);

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        Class<?> type = parameter.getParameter().getType();
        return type == Suite.class || type == Gateway.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        Suite suite = context.getRoot().getStore(NAMESPACE)
                .computeIfAbsent(Suite.class, type -> start(), Suite.class);
        return parameter.getParameter().getType() == Suite.class ? suite : new Gateway(suite.gatewayUrl());
    }

    /** The root of the project. */
    static Path home() {
        return Path.of(System.getProperty("millrace.home"));
    }

    private static Suite start() {
        try {
            Path parent = Files.createDirectories(home().resolve("workbench/target/end-to-end"));
            SuiteSettings settings = new SuiteSettings(home(),
                    new SuiteDirectories(Files.createTempDirectory(parent, "suite-")), BROKERS,
                    FreePorts.find(BROKERS, RandomGenerator.getDefault()), Map.of(),
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
