package io.millrace.common.metadata;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.kafka.common.requests.DescribeConfigsResponse.ConfigType;
import org.jspecify.annotations.Nullable;

/**
 * A change of one setting of a topic.
 *
 * @param value null with {@link Operation#DELETE} alone
 */
public record ConfigChange(String name, Operation operation, @Nullable String value) {
    /** The names and numbers are those of {@code AlterConfigOp.OpType}. */
    public enum Operation {
        SET,
        /** The default holds again. */
        DELETE,
        /** Puts values that are not in a list yet behind those that are; on what is no list it is refused. */
        APPEND,
        /** Takes values off a list. */
        SUBTRACT
    }

    public static ConfigChange set(String name, String value) {
        return new ConfigChange(name, Operation.SET, value);
    }

    public static ConfigChange delete(String name) {
        return new ConfigChange(name, Operation.DELETE, null);
    }

    /**
     * The settings of a topic with all of the changes made; those that are not changed are not looked at. Refused with {@code INVALID_REQUEST} for changes that contradict each other or lack
     * a value, and with {@code INVALID_CONFIG}, and the setting's name, where a setting cannot be so.
     *
     * @param settings those that are set
     */
    public static Map<String, String> apply(Map<String, String> settings, List<ConfigChange> changes) {
        Set<String> named = new HashSet<>();
        var after = new TreeMap<>(settings);
        for (ConfigChange change : changes) {
            if (change == null || change.name == null || change.operation == null) {
                throw new RefusedException(ErrorCode.INVALID_REQUEST, "A change needs a name and an operation");
            }
            if (!named.add(change.name)) {
                throw new RefusedException(ErrorCode.INVALID_REQUEST, change.name + ": is to be changed twice at once");
            }
            change.applyTo(after);
        }
        checkChanged(named, after);
        return after;
    }

    /** What is not changed is let be: another version may have stored what this one does not take. */
    private static void checkChanged(Set<String> changed, Map<String, String> after) {
        boolean boundTogether = false;
        for (String name : changed) {
            TopicConfigKey key = TopicConfigKey.named(name);
            String value = after.get(name);
            String violation = key == null || value == null ? null : key.violation(value);
            if (violation != null) {
                throw new RefusedException(ErrorCode.INVALID_CONFIG, violation);
            }
            boundTogether |= key != null && TopicConfig.BOUND_TOGETHER.contains(key);
        }
        String contradiction = boundTogether ? TopicConfig.contradiction(after) : null;
        if (contradiction != null) {
            throw new RefusedException(ErrorCode.INVALID_CONFIG, contradiction);
        }
    }

    /** Refused with {@code INVALID_CONFIG} if a topic cannot have these settings. */
    public static void check(Map<String, String> settings) {
        if (TopicConfig.parse(settings) instanceof TopicConfig.Parsed.Invalid(_, String message)) {
            throw new RefusedException(ErrorCode.INVALID_CONFIG, message);
        }
    }

    private void applyTo(TreeMap<String, String> settings) {
        TopicConfigKey key = TopicConfigKey.named(name);
        if (key == null) {
            // What an older version or a newer one stored may be taken off; Kafka's tools take off throttles without asking for them first.
            if (operation == Operation.DELETE && (settings.remove(name) != null || TopicConfigKey.isNeverSet(name))) {
                return;
            }
            throw new RefusedException(ErrorCode.INVALID_CONFIG, TopicConfigKey.unknown(name));
        }
        if (operation != Operation.DELETE && value == null) {
            throw new RefusedException(ErrorCode.INVALID_REQUEST, name + ": a value is needed");
        }
        switch (operation) {
            case SET -> settings.put(name, Objects.requireNonNull(value));
            case DELETE -> settings.remove(name);
            case APPEND, SUBTRACT -> settings.put(name, listed(key, key.value(settings), Objects.requireNonNull(
                    value)));
        }
    }

    private String listed(TopicConfigKey key, String before, String named) {
        if (key.type() != ConfigType.LIST) {
            throw new RefusedException(ErrorCode.INVALID_CONFIG, name + ": is no list, so nothing can be "
                    + (operation == Operation.APPEND ? "appended to" : "subtracted from") + " it");
        }
        List<String> parts = new ArrayList<>(parts(before));
        if (operation == Operation.APPEND) {
            parts(named).stream().filter(part -> !parts.contains(part)).forEach(parts::add);
        } else {
            parts.removeAll(parts(named));
        }
        return String.join(",", parts);
    }

    private static List<String> parts(String list) {
        return Arrays.stream(list.split(",")).map(String::strip).filter(part -> !part.isEmpty()).distinct().collect(
                Collectors.toList());
    }
}
