package io.millrace.common.listener;

import io.millrace.common.metadata.ConfigView;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.kafka.common.requests.DescribeConfigsResponse.ConfigSource;
import org.apache.kafka.common.requests.DescribeConfigsResponse.ConfigType;
import org.jspecify.annotations.Nullable;

/**
 * What a broker was started with, under the names of Kafka's settings: clients may read all of it, and change none.
 *
 * @param nodeId  the broker's; {@link #NO_BROKER} of a node that is none
 * @param settings by name
 */
public record NodeConfigs(int nodeId, List<NodeConfig> settings) {
    static final int NO_BROKER = -1;

    /**
     * A setting.
     *
     * @param defaultValue what holds when nobody set it
     * @param variable     the environment variable that sets it
     */
    public record NodeConfig(String name, ConfigType type, String value, String defaultValue, String variable,
            String documentation) {
        ConfigView view() {
            var synonyms = new ArrayList<ConfigView.Synonym>();
            if (!value.equals(defaultValue)) {
                synonyms.add(new ConfigView.Synonym(name, value, ConfigSource.STATIC_BROKER_CONFIG));
            }
            synonyms.add(new ConfigView.Synonym(name, defaultValue, ConfigSource.DEFAULT_CONFIG));
            return new ConfigView(name, type, true, documentation + " Set by " + variable + " as the broker starts.",
                    synonyms);
        }
    }

    public NodeConfigs {
        settings = List.copyOf(settings);
    }

    /** Of a coordinator: what holds for topics is told by it as by a broker, but there is no broker of its own. */
    public static NodeConfigs ofCoordinator() {
        return new NodeConfigs(NO_BROKER, List.of());
    }

    /** Why a setting of the broker cannot be changed. */
    String refusal(String name) {
        NodeConfig setting = named(name);
        return setting == null
                ? name + ": brokers have no such setting that can be changed while they run"
                : name + ": is set by " + setting.variable
                        + " as the broker starts, and cannot be changed while it runs";
    }

    private @Nullable NodeConfig named(String name) {
        return settings.stream().filter(setting -> setting.name.equals(name)).findFirst().orElse(null);
    }

    Stream<ConfigView> views() {
        return settings.stream().map(NodeConfig::view);
    }
}
