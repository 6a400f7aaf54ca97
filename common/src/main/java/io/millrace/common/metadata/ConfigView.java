package io.millrace.common.metadata;

import java.util.List;
import org.apache.kafka.common.requests.DescribeConfigsResponse.ConfigSource;
import org.apache.kafka.common.requests.DescribeConfigsResponse.ConfigType;

/**
 * A setting as it is told to clients.
 *
 * @param readOnly whether it is as it is until the process starts again
 * @param synonyms where a value may come from, the one that holds first; never empty
 */
public record ConfigView(String name, ConfigType type, boolean readOnly, String documentation,
        List<Synonym> synonyms) {
    /** A value and where it was set. */
    public record Synonym(String name, String value, ConfigSource source) {}

    public ConfigView {
        synonyms = List.copyOf(synonyms);
        if (synonyms.isEmpty()) {
            throw new IllegalArgumentException(name + " has no value");
        }
    }

    public String value() {
        return synonyms.getFirst().value();
    }

    public ConfigSource source() {
        return synonyms.getFirst().source();
    }
}
