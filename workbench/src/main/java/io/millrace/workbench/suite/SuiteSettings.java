package io.millrace.workbench.suite;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/**
 * What one suite is made of.
 *
 * @param home         the root of the project, where the services' jars are
 * @param environment  its {@code MILLRACE_*} variables are every service's settings, except what one suite must agree on
 * @param ofOne        by process, variables that it alone gets and that win over all others
 * @param readyTimeout for the whole suite to become ready
 */
public record SuiteSettings(
        Path home,
        SuiteDirectories directories,
        SuiteSize size,
        Ports ports,
        Map<String, String> environment,
        Map<String, Map<String, String>> ofOne,
        Duration readyTimeout) {
    public static final String LOOPBACK = "127.0.0.1";
    public static final Duration DEFAULT_READY_TIMEOUT = Duration.ofSeconds(120);

    public SuiteSettings {
        environment = Map.copyOf(environment);
        ofOne = Map.copyOf(ofOne);
    }

    /** A suite whose processes all get the same variables. */
    public SuiteSettings(
            Path home,
            SuiteDirectories directories,
            SuiteSize size,
            Ports ports,
            Map<String, String> environment,
            Duration readyTimeout) {
        this(home, directories, size, ports, environment, Map.of(), readyTimeout);
    }

    /** Where the services are reached from this machine, as a URL writes it: what they bind, or loopback when that is every address. */
    String reachableHost() {
        String bound = environment.getOrDefault("MILLRACE_BIND_HOST", "").strip();
        String bare = bound.startsWith("[") && bound.endsWith("]") ? bound.substring(1, bound.length() - 1) : bound;
        return switch (bare) {
            case "", "0.0.0.0", "::", "0:0:0:0:0:0:0:0" -> LOOPBACK;
            default -> bare.contains(":") ? "[" + bare + "]" : bare;
        };
    }

    /** A server of the user's instead of the embedded one. */
    boolean usesOwnPostgres() {
        return !environment.getOrDefault("MILLRACE_POSTGRES_URL", "").isBlank();
    }

    String postgresUser() {
        return environment.getOrDefault("MILLRACE_POSTGRES_USER", "millrace");
    }

    String postgresPassword() {
        return environment.getOrDefault("MILLRACE_POSTGRES_PASSWORD", "millrace");
    }

    /** The root of the project; {@code ./millrace} sets it. */
    public static Path projectRoot() {
        return Path.of(System.getProperty("millrace.home", ".")).toAbsolutePath().normalize();
    }

    /** The java that runs the launcher runs the services. */
    static Path java() {
        return Path.of(System.getProperty("java.home"), "bin", "java");
    }
}
