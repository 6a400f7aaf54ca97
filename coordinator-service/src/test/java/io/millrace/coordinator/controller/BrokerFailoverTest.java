package io.millrace.coordinator.controller;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.common.api.ServiceClients;
import io.millrace.common.api.TopicsApi.CreateTopic;
import io.millrace.common.database.PostgresConnections;
import io.millrace.common.lease.BrokerIdentity;
import io.millrace.common.lease.BrokerRegistration;
import io.millrace.common.lease.LeaseSettings;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.partition.IsrChange;
import io.millrace.common.partition.IsrChange.Member;
import io.millrace.common.partition.IsrChanges;
import io.millrace.common.partition.Outcome.Changed;
import io.millrace.testing.TestPostgres;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

/** Replicated partitions under a controller, with brokers that register and listen as real ones do. Leases last so long that none runs out. */
@SpringBootTest(webEnvironment = WebEnvironment.RANDOM_PORT, properties = {
        "millrace.listener.wire.port=0",
        "millrace.lease.ttl=8s",
        "millrace.lease.renew-interval=200ms",
        "millrace.lease.margin=1s",
        "millrace.controller.preferred-leader-delay=100ms",
        "millrace.controller.preferred-leader-interval=100ms"})
class BrokerFailoverTest {
    private static final TestPostgres POSTGRES = TestPostgres.create();
    private static final Duration LONG = Duration.ofSeconds(90);

    @DynamicPropertySource
    static void database(DynamicPropertyRegistry registry) {
        POSTGRES.springProperties().forEach((name, value) -> registry.add(name, () -> value));
    }

    @Autowired
    private ServiceClients clients;
    @Autowired
    private ClusterImages images;
    @Autowired
    private IsrChanges isrChanges;
    @Autowired
    private BrokerPresence presence;
    @Autowired
    private PostgresConnections connections;
    @Autowired
    private LeaseSettings leases;

    private final Map<Integer, Process> brokers = new TreeMap<>();

    /** What of a broker's process the controller sees. */
    private final class Process {
        final UUID directory;
        final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        final CopyOnWriteArrayList<Socket> accepted = new CopyOnWriteArrayList<>();
        final Thread acceptor;
        final BrokerRegistration registration;

        Process(int id, UUID directory, long lastEpoch, boolean tailLost) throws Exception {
            this.directory = directory;
            acceptor = Thread.ofPlatform().daemon().start(() -> {
                try {
                    while (true) {
                        accepted.add(listener.accept());
                    }
                } catch (IOException e) {
                    // Killed.
                }
            });
            registration = new BrokerRegistration(connections, leases.timing(), new BrokerIdentity(id, directory,
                    "127.0.0.1", listener.getLocalPort(), "http://127.0.0.1:1", lastEpoch, tailLost), _ -> {});
            registration.start(LONG);
            registration.ready();
        }

        /** Its lease is still renewed here, as by one whose death PostgreSQL has not noticed: only the refusal can tell. */
        void refuseConnections() throws Exception {
            listener.close();
            // Until it has ended it may still accept one, which would be held for ever.
            acceptor.join();
            for (var socket : accepted) {
                socket.close();
            }
        }

        void kill() throws Exception {
            refuseConnections();
            registration.close();
        }
    }

    @BeforeEach
    void start() throws Exception {
        for (int id : List.of(1, 2, 3)) {
            brokers.put(id, new Process(id, UUID.randomUUID(), -1, false));
        }
        awaitImage(image -> image.controller() != null && Stream.of(1, 2, 3).noneMatch(id -> isFenced(image, id))
                && images.answeredFor().compareTo(leases.ttl()) > 0);
        await().atMost(LONG).until(() -> brokers.values().stream().noneMatch(it -> it.accepted.isEmpty()));
    }

    @AfterEach
    void stop() throws Exception {
        for (var broker : brokers.values()) {
            broker.kill();
        }
        for (var name : images.current().topicsByName().keySet()) {
            clients.topics().delete(name);
        }
        awaitImage(image -> image.topicsByName().isEmpty() && Stream.of(1, 2, 3).allMatch(id -> isFenced(image, id)));
    }

    @Test
    void a_broker_that_refuses_connections_is_replaced_although_its_lease_runs() throws Exception {
        create(30, Map.of("min.insync.replicas", "2"));
        brokers.get(2).refuseConnections();

        awaitImage(image -> isFenced(image, 2));

        assertThat(partitions()).hasSize(30).allSatisfy(partition -> {
            assertThat(partition.isr()).hasSize(2).doesNotContain(2).contains(partition.leader());
            assertThat(partition.elr()).isEmpty();
            assertThat(partition.leaderEpoch()).isEqualTo(partition.replicas().getFirst() == 2 ? 1 : 0);
        });
        assertThat(presence.refusing()).extracting(BrokerPresence.Registered::id).containsExactly(2);
    }

    @Test
    void a_thousand_partitions_of_a_dead_broker_have_leaders_after_one_change_of_the_metadata() throws Exception {
        create(3_000, Map.of("min.insync.replicas", "2"));
        long before = images.current().version();
        brokers.get(3).refuseConnections();

        awaitImage(image -> isFenced(image, 3));

        assertThat(partitions()).allMatch(it -> it.leader() > 0 && it.leader() != 3 && !it.isr().contains(3));
        assertThat(partitions().stream().filter(it -> it.leaderEpoch() == 1)).hasSize(1_000);
        assertThat(images.current().version()).isEqualTo(before + 1);
    }

    @Test
    void who_comes_back_leads_what_it_preferably_leads_once_it_is_in_sync_again() throws Exception {
        create(6, Map.of());
        brokers.get(1).kill();
        awaitImage(image -> isFenced(image, 1));
        restart(1, false);
        awaitImage(image -> !isFenced(image, 1));
        assertThat(partitions()).noneMatch(it -> it.leader() == 1);

        everybodyTakesIn(1);

        awaitImage(_ -> partitions().stream().allMatch(it -> it.leader() == it.replicas().getFirst()));
    }

    @Test
    void who_is_leaving_hands_over_and_stays_where_it_is_the_last() throws Exception {
        create(6, Map.of("min.insync.replicas", "2"));
        var alone = clients.topics().create(new CreateTopic("alone", null, null, List.of(List.of(2)), null, false));
        assertThat(images.awaitVersion(alone.version(), LONG)).isTrue();

        brokers.get(2).registration.leave();

        awaitImage(_ -> partitions().stream().noneMatch(it -> it.leader() == 2 || it.isr().contains(2)));
        assertThat(isFenced(images.current(), 2)).isFalse();
        assertThat(images.current().topic("alone").partition(0).leader()).isEqualTo(2);
    }

    @Test
    void who_lost_its_tail_waits_for_those_who_have_everything() throws Exception {
        create(3, Map.of("min.insync.replicas", "2"));
        for (int id : List.of(1, 2, 3)) {
            brokers.get(id).kill();
            awaitImage(image -> isFenced(image, id));
        }
        awaitImage(_ -> partitions().stream().allMatch(it -> it.isr().isEmpty() && it.elr().size() == 2));

        restart(3, true);
        awaitImage(image -> !isFenced(image, 3) && !image.brokers().get(3).tailLost());
        assertThat(partitions()).allMatch(it -> it.leader() == PartitionImage.NO_LEADER && it.elr().equals(List.of(2)));

        restart(2, false);
        awaitImage(_ -> partitions().stream().allMatch(it -> it.leader() == 2 && it.isr().equals(List.of(2))));
    }

    private void create(int partitions, Map<String, String> configs) throws Exception {
        var created = clients.topics().create(new CreateTopic("orders", partitions, 3, null, configs, false));
        assertThat(images.awaitVersion(created.version(), LONG)).isTrue();
    }

    private List<PartitionImage> partitions() {
        return images.current().topic("orders").partitions();
    }

    private void restart(int id, boolean tailLost) throws Exception {
        var dead = brokers.get(id);
        brokers.put(id, new Process(id, dead.directory, dead.registration.epoch(), tailLost));
    }

    /** As their leaders do when it has caught up. */
    private void everybodyTakesIn(int id) {
        var image = images.current();
        var topic = image.topic("orders");
        for (int leader : List.of(2, 3)) {
            var changes = topic.partitions().stream().filter(it -> it.leader() == leader)
                    .map(it -> new IsrChange(topic.id(), it.index(), it.leaderEpoch(), it.partitionEpoch(), Stream
                            .concat(it.isr().stream(), Stream.of(id))
                            .map(member -> new Member(member, image.brokers().get(member).epoch()))
                            .toList()))
                    .toList();
            assertThat(isrChanges.alter(leader, image.brokers().get(leader).epoch(), changes)).hasOnlyElementsOfType(
                    Changed.class);
        }
    }

    private static boolean isFenced(ClusterImage image, int id) {
        var broker = image.brokers().get(id);
        return broker == null || broker.fenced();
    }

    private void awaitImage(Predicate<ClusterImage> condition) {
        await().pollInterval(Duration.ofMillis(20)).atMost(LONG).until(() -> condition.test(images.current()));
    }
}
