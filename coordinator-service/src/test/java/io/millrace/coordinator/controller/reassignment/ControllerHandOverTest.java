package io.millrace.coordinator.controller.reassignment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.common.api.ClusterApi.Options;
import io.millrace.common.api.ClusterApi.Reassign;
import io.millrace.common.api.ClusterApi.Replicas;
import io.millrace.common.api.ServiceClients;
import io.millrace.common.api.TopicsApi.CreateTopic;
import io.millrace.common.database.PostgresConnections;
import io.millrace.common.lease.BrokerIdentity;
import io.millrace.common.lease.BrokerRegistration;
import io.millrace.common.lease.LeaseSettings;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.metadata.MetadataTransaction;
import io.millrace.common.partition.IsrChange;
import io.millrace.common.partition.IsrChange.Member;
import io.millrace.common.partition.PostgresIsrChanges;
import io.millrace.coordinator.CoordinatorService;
import io.millrace.testing.TestPostgres;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Two coordinators: the controller goes while partitions move. */
class ControllerHandOverTest {
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final int PARTITIONS = 4;

    @AutoClose
    private final TestPostgres postgres = TestPostgres.create();
    private final List<ConfigurableApplicationContext> coordinators = new ArrayList<>();
    private final Map<Integer, BrokerRegistration> brokers = new HashMap<>();

    @AfterEach
    void stop() {
        brokers.values().forEach(BrokerRegistration::close);
        coordinators.forEach(ConfigurableApplicationContext::close);
    }

    @Test
    void the_next_controller_goes_on_with_what_was_in_motion_and_begins_what_waited() throws Exception {
        var first = startCoordinator();
        awaitImage(first, image -> image.controller() != null);
        var next = startCoordinator();
        startBroker(next, 0);
        startBroker(next, 1);
        awaitImage(next, image -> image.brokers().size() == 2 && image.brokers().values().stream().noneMatch(it -> it
                .fenced()));
        var clients = next.getBean(ServiceClients.class);
        clients.topics().create(new CreateTopic("orders", null, null, IntStream.range(0, PARTITIONS).mapToObj(
                _ -> List.of(0)).toList(), null, false));
        clients.cluster().reassign(new Reassign(IntStream.range(0, PARTITIONS).mapToObj(index -> new Replicas("orders",
                index, List.of(1))).toList(), new Options(false, null)));
        await().atMost(LONG).until(() -> clients.cluster().progress(0).moving() == 2);
        var controller = next.getBean(ClusterImages.class).current().controller();
        // One arrives while nobody looks.
        catchUp(next, 0);

        first.close();

        awaitImage(next, image -> image.controller() != null && !image.controller().equals(controller));
        await().atMost(LONG).until(() -> {
            IntStream.range(0, PARTITIONS).forEach(index -> catchUp(next, index));
            return clients.cluster().progress(0).done() == PARTITIONS;
        });
        awaitImage(next, image -> image.topic("orders").partitions().stream().allMatch(it -> it.replicas().equals(List
                .of(1)) && it.leader() == 1 && !it.isReassigned()));
        assertThat(clients.cluster().progress(10).partitions()).isEmpty();
    }

    private ConfigurableApplicationContext startCoordinator() {
        var properties = new HashMap<String, Object>(postgres.springProperties());
        properties.putAll(Map.of("server.port", "0", "millrace.listener.wire.port", "0",
                "millrace.controller.watch-interval", "50ms",
                "millrace.reassignment.check-interval", "50ms", "millrace.reassignment.max-moving-partitions", "2"));
        var context = new SpringApplicationBuilder(CoordinatorService.class).run(properties.entrySet().stream()
                .map(it -> "--" + it.getKey() + "=" + it.getValue()).toArray(String[]::new));
        coordinators.add(context);
        return context;
    }

    private void startBroker(ConfigurableApplicationContext coordinator, int id) throws Exception {
        var registration = new BrokerRegistration(coordinator.getBean(PostgresConnections.class), coordinator.getBean(
                LeaseSettings.class).timing(), new BrokerIdentity(id, UUID.randomUUID(), "127.0.0.1", 9092 + id,
                        "http://127.0.0.1:1"), _ -> {});
        brokers.put(id, registration);
        registration.start(LONG);
        registration.ready();
    }

    /** As the leader does when the follower has all that it has; without effect while the partition is not in motion. */
    private static void catchUp(ConfigurableApplicationContext coordinator, int index) {
        var image = coordinator.getBean(ClusterImages.class).current();
        var topic = image.topic("orders");
        var partition = topic == null ? null : topic.partition(index);
        if (topic != null && partition != null && partition.isReassigned() && image.leader(partition) != null) {
            var members = partition.replicas().stream().map(id -> new Member(id, image.brokers().get(id).epoch()))
                    .toList();
            new PostgresIsrChanges(coordinator.getBean(MetadataTransaction.class), coordinator.getBean(
                    JdbcClient.class))
                    .alter(partition.leader(), image.brokers().get(partition.leader()).epoch(), List.of(new IsrChange(
                            topic.id(), index, partition.leaderEpoch(), partition.partitionEpoch(), members)));
        }
    }

    private static void awaitImage(ConfigurableApplicationContext coordinator, Predicate<ClusterImage> condition) {
        var images = coordinator.getBean(ClusterImages.class);
        await().atMost(LONG).until(() -> condition.test(images.current()));
    }
}
