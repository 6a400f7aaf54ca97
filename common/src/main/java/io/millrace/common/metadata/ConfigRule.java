package io.millrace.common.metadata;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.kafka.common.requests.DescribeConfigsResponse.ConfigType;
import org.jspecify.annotations.Nullable;

/** What a setting's value may be. */
sealed interface ConfigRule {
    ConfigType type();

    /** @return what is wrong with the value; null if nothing is */
    @Nullable
    String violation(String value);

    static ConfigRule ints(int min) {
        return new Whole(ConfigType.INT, min, Integer.MAX_VALUE, min);
    }

    static ConfigRule longs(long min) {
        return new Whole(ConfigType.LONG, min, Long.MAX_VALUE, min);
    }

    static ConfigRule numbers(int min, int max) {
        return new Whole(ConfigType.INT, min, max, min);
    }

    /** A number of a range, or another one that stands for none. */
    static ConfigRule numberOr(int other, int min, int max) {
        return new Whole(ConfigType.INT, min, max, other);
    }

    static ConfigRule fraction() {
        return new Fraction();
    }

    static ConfigRule flag() {
        return new Flag();
    }

    static ConfigRule oneOf(String... values) {
        return new OneOf(List.of(values));
    }

    static ConfigRule listOf(String... values) {
        return new ListOf(List.of(values));
    }

    /** A switch that is not there. */
    static ConfigRule only(String value, String reason) {
        return new Only(value, reason);
    }

    record Whole(ConfigType type, long min, long max, long other) implements ConfigRule {
        @Override
        public @Nullable String violation(String value) {
            long number;
            try {
                number = Long.parseLong(value);
            } catch (NumberFormatException _) {
                return "must be a whole number, not '" + value + "'";
            }
            return number >= min && number <= max || number == other ? null
                    : "must be between " + min + " and " + max + (other == min ? "" : ", or " + other) + ", not "
                            + number;
        }
    }

    record Fraction() implements ConfigRule {
        @Override
        public ConfigType type() {
            return ConfigType.DOUBLE;
        }

        @Override
        public @Nullable String violation(String value) {
            try {
                double number = Double.parseDouble(value);
                return number >= 0 && number <= 1 ? null : "must be between 0 and 1, not " + value;
            } catch (NumberFormatException _) {
                return "must be a number, not '" + value + "'";
            }
        }
    }

    record OneOf(List<String> values) implements ConfigRule {
        @Override
        public ConfigType type() {
            return ConfigType.STRING;
        }

        @Override
        public @Nullable String violation(String value) {
            return values.contains(value) ? null : "must be " + String.join(" or ", values) + ", not '" + value + "'";
        }
    }

    /** In any case of letters, as Kafka takes it. */
    record Flag() implements ConfigRule {
        @Override
        public ConfigType type() {
            return ConfigType.BOOLEAN;
        }

        @Override
        public @Nullable String violation(String value) {
            return value.equalsIgnoreCase("true") || value.equalsIgnoreCase("false") ? null
                    : "must be true or false, not '" + value + "'";
        }
    }

    /** None of the values too: since Kafka 4.2 the empty list is one (KIP-1161). */
    record ListOf(List<String> values) implements ConfigRule {
        @Override
        public ConfigType type() {
            return ConfigType.LIST;
        }

        @Override
        public @Nullable String violation(String value) {
            if (value.isEmpty()) {
                return null;
            }
            Set<String> seen = new HashSet<>();
            for (String part : value.split(",", -1)) {
                if (!values.contains(part.strip())) {
                    return "must be " + String.join(", ", values) + " or several of them with commas, not '" + value
                            + "'";
                }
                if (!seen.add(part.strip())) {
                    return "names " + part.strip() + " twice";
                }
            }
            return null;
        }
    }

    record Only(String value, String reason) implements ConfigRule {
        @Override
        public ConfigType type() {
            return ConfigType.BOOLEAN;
        }

        @Override
        public @Nullable String violation(String other) {
            return other.equalsIgnoreCase(value) ? null
                    : reason + "; only '" + value + "' is supported, not '" + other + "'";
        }
    }
}
