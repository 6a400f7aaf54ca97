package io.millrace.workbench.deploy;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What a service's application.yml, with the files it imports, reads from the environment and makes of it. */
final class ServiceConfiguration {
    private static final Pattern KEY = Pattern.compile("\\$\\{([A-Z][A-Z0-9_]*)");
    /** Without one inside of it; that one is resolved first. */
    private static final Pattern INNERMOST = Pattern.compile("\\$\\{([A-Z][A-Z0-9_]*)(?::([^{}]*))?}");

    private final Map<String, String> properties = new TreeMap<>();
    private final Set<String> environmentKeys = new TreeSet<>();

    static ServiceConfiguration of(String module) {
        var configuration = new ServiceConfiguration();
        var toRead = new ArrayDeque<>(List.of(module + "/src/main/resources/application.yml"));
        var read = new HashSet<String>();
        while (!toRead.isEmpty()) {
            String path = toRead.remove();
            if (!read.add(path)) {
                continue;
            }
            String text = Repository.read(path);
            KEY.matcher(text).results().forEach(key -> configuration.environmentKeys.add(key.group(1)));
            for (var document : Repository.yaml(text)) {
                var flat = new HashMap<String, String>();
                flatten("", document, flat);
                // The importing file's own documents come first here; what an imported file says fills the gaps.
                flat.forEach(path.startsWith("common/") ? configuration.properties::putIfAbsent
                        : configuration.properties::put);
                String imported = flat.get("spring.config.import");
                if (imported != null && imported.startsWith("classpath:")) {
                    toRead.add("common/src/main/resources/" + imported.substring("classpath:".length()));
                }
            }
        }
        return configuration;
    }

    private static void flatten(String prefix, Object value, Map<String, String> into) {
        if (value instanceof Map<?, ?> map) {
            map.forEach((key, inner) -> flatten(prefix.isEmpty() ? "" + key : prefix + "." + key, inner, into));
        } else if (value != null) {
            into.put(prefix, value.toString());
        }
    }

    /** All environment variables that it has a use for. */
    Set<String> environmentKeys() {
        return environmentKeys;
    }

    /** The value of a property in an environment, or null. */
    @Nullable
    String property(String name, Map<String, String> environment) {
        String value = properties.get(name);
        return value == null ? null : resolve(value, environment);
    }

    int httpPort(Map<String, String> environment) {
        return Integer.parseInt(java.util.Objects.requireNonNull(property("server.port", environment), "server.port"));
    }

    /** Where health is. */
    int managementPort(Map<String, String> environment) {
        String port = property("management.server.port", environment);
        return port == null ? httpPort(environment) : Integer.parseInt(port);
    }

    /** Every port that it listens on: what its properties ".port" say. */
    Set<Integer> ports(Map<String, String> environment) {
        var ports = new TreeSet<Integer>();
        properties.forEach((name, value) -> {
            if (name.endsWith(".port")) {
                ports.add(Integer.parseInt(resolve(value, environment)));
            }
        });
        return ports;
    }

    /** The health groups that can be asked for, below the endpoint's path. */
    Set<String> healthGroups() {
        var groups = new TreeSet<String>();
        String prefix = "management.endpoint.health.group.";
        for (String name : properties.keySet()) {
            if (name.startsWith(prefix)) {
                groups.add(name.substring(prefix.length(), name.indexOf('.', prefix.length())));
            }
        }
        return groups;
    }

    private static String resolve(String value, Map<String, String> environment) {
        String before = value;
        String after = resolveInnermost(before, environment);
        while (!after.equals(before)) {
            before = after;
            after = resolveInnermost(before, environment);
        }
        return after;
    }

    private static String resolveInnermost(String value, Map<String, String> environment) {
        return INNERMOST.matcher(value).replaceAll(placeholder -> {
            String resolved = environment.getOrDefault(placeholder.group(1), placeholder.group(2));
            if (resolved == null) {
                throw new IllegalStateException(placeholder.group() + " has neither a value nor a default");
            }
            return Matcher.quoteReplacement(resolved);
        });
    }
}
