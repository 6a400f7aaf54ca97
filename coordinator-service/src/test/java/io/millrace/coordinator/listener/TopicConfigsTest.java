package io.millrace.coordinator.listener;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.ConfigResource.Type;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;

/** Kafka's admin client asks any node for topics' settings, and has any node change them. */
@ResourceLock(ListeningCoordinator.ALONE)
class TopicConfigsTest {
    private final ListeningCoordinator coordinator = ListeningCoordinator.shared();

    @Test
    void the_admin_client_reads_and_changes_settings_at_a_coordinator() throws Exception {
        coordinator.images.topic("configured", 1);
        var topic = new ConfigResource(Type.TOPIC, "configured");
        var address = coordinator.address();
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", address.host() + ":" + address.port()))) {
            admin.incrementalAlterConfigs(Map.of(topic, List.of(change("retention.ms", "5")))).all().get();

            assertThat(admin.describeConfigs(List.of(topic)).all().get().get(topic).get("retention.ms").value())
                    .isEqualTo("5");
            assertThat(admin.listConfigResources().all().get()).contains(topic);
            assertThatThrownBy(admin.incrementalAlterConfigs(Map.of(topic, List.of(change("no.such", "5"))))
                    .all()::get).cause().isInstanceOf(InvalidConfigurationException.class).hasMessageContaining(
                            "no.such");
            var missing = new ConfigResource(Type.TOPIC, "missing");
            assertThatThrownBy(admin.describeConfigs(List.of(missing)).all()::get).cause().isInstanceOf(
                    UnknownTopicOrPartitionException.class);
        } finally {
            coordinator.images.delete("configured");
        }
    }

    private static AlterConfigOp change(String name, String value) {
        return new AlterConfigOp(new ConfigEntry(name, value), OpType.SET);
    }
}
