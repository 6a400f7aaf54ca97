package io.millrace.workbench.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.workbench.groups.Change;
import io.millrace.workbench.groups.ConsumerGroup;
import io.millrace.workbench.groups.Sharing;
import io.millrace.workbench.suite.Suite;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.GroupType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Kafka's Java consumers in groups, under every way they have to share partitions. */
@WithSteadySuite
@Order(4)
class KafkaGroupsIT {
    private static final int PARTITIONS = 12;
    private static final int RECORDS = 600;
    private static final Duration TIMEOUT = Duration.ofSeconds(60);
    private static final Duration POLL = Duration.ofMillis(100);

    private final Suite suite;
    private final Gateway gateway;

    KafkaGroupsIT(Suite suite, Gateway gateway) {
        this.suite = suite;
        this.gateway = gateway;
    }

    @ParameterizedTest
    @EnumSource(Sharing.class)
    void a_group_reads_everything_while_members_come_and_go_and_nothing_stops_that_need_not(Sharing sharing)
            throws Exception {
        String name = "group-" + sharing.label();
        gateway.createTopic(name, PARTITIONS);
        Set<String> read = ConcurrentHashMap.newKeySet();
        Map<String, Object> settings = new HashMap<>(settings(name));
        settings.put("auto.commit.interval.ms", 500);
        if (sharing.isClassic()) {
            settings.put("heartbeat.interval.ms", 300);
        }
        try (ConsumerGroup group = new ConsumerGroup(name, PARTITIONS, sharing, settings, TIMEOUT,
                record -> read.add(record.value()))) {
            group.join(3);
            produce(name, 0);
            Change joined = group.join(1);
            assertThat(joined.moved()).isGreaterThanOrEqualTo(PARTITIONS / 4);
            produce(name, RECORDS);
            Change left = group.leave();
            produce(name, 2 * RECORDS);

            await().atMost(TIMEOUT).untilAsserted(() -> assertThat(read).hasSize(3 * RECORDS));
            assertThat(group.doubles()).isEmpty();
            if (sharing.isIncremental()) {
                assertThat(joined.regained()).isZero();
                assertThat(left.regained()).isZero();
            }
            if (sharing.isSticky()) {
                assertThat(joined.moved()).isEqualTo(PARTITIONS / 4);
                assertThat(left.moved()).isZero();
            }
        }
        assertThat(read).isEqualTo(IntStream.range(0, 3 * RECORDS).mapToObj(Integer::toString).collect(Collectors
                .toSet()));
        assertThat(gateway.get("/groups/" + name + "/lag").expect(200).body().get("total_lag").asLong()).isZero();
    }

    @Test
    void nothing_stops_that_need_not_when_a_member_dies() throws Exception {
        List<Sharing> sharings = List.of(Sharing.CLASSIC_COOPERATIVE, Sharing.CONSUMER_UNIFORM);
        try (var executor = Executors.newVirtualThreadPerTaskExecutor()) { // they wait for the same silence
            List<Future<Change>> deaths = sharings.stream().map(sharing -> executor.submit(() -> death(sharing)))
                    .toList();
            for (Future<Change> death : deaths) {
                assertThat(death.get().moved()).isZero();
                assertThat(death.get().stoppedForNothing()).isZero();
                assertThat(death.get().longestPause()).isPositive();
            }
        }
    }

    private Change death(Sharing sharing) throws Exception {
        String name = "death-" + sharing.label();
        gateway.createTopic(name, PARTITIONS);
        Map<String, Object> settings = new HashMap<>(settings(name));
        if (sharing.isClassic()) {
            settings.put("heartbeat.interval.ms", 300);
            settings.put("session.timeout.ms", Math.toIntExact(SharedSuite.CONSUMER_SESSION.toMillis()));
        }
        try (ConsumerGroup group = new ConsumerGroup(name, PARTITIONS, sharing, settings, TIMEOUT, record -> {})) {
            group.prepareMortals(1);
            group.join(4);
            Change death = group.die();
            assertThat(group.doubles()).isEmpty();
            return death;
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"classic", "consumer"})
    void a_static_member_that_is_restarted_has_its_partitions_again_and_nobody_else_stops(String protocol) {
        String name = "static-" + protocol;
        topic(name);
        Set<TopicPartition> revoked = new HashSet<>();
        try (KafkaConsumer<String, String> staying = member(name, protocol, "staying")) {
            staying.subscribe(List.of(name), noting(revoked));
            Set<TopicPartition> before;
            try (KafkaConsumer<String, String> first = member(name, protocol, "restarted")) {
                first.subscribe(List.of(name));
                settle(PARTITIONS / 2, List.of(staying, first));
                before = Set.copyOf(first.assignment());
            }
            revoked.clear();
            try (KafkaConsumer<String, String> again = member(name, protocol, "restarted")) {
                again.subscribe(List.of(name));
                settle(PARTITIONS / 2, List.of(staying, again));
                assertThat(again.assignment()).isEqualTo(before);
                assertThat(revoked).isEmpty();
            }
        }
    }

    @Test
    void a_group_goes_from_the_classic_protocol_to_the_new_one_and_back_while_it_reads() throws Exception {
        String name = "protocol-change";
        topic(name);
        Set<String> read = new HashSet<>();
        try (KafkaConsumer<String, String> classic = member(name, "classic", "")) {
            classic.subscribe(List.of(name));
            settle(PARTITIONS, List.of(classic));
            assertThat(described(name).type()).isEqualTo(GroupType.CLASSIC);
            try (KafkaConsumer<String, String> modern = member(name, "consumer", "")) {
                modern.subscribe(List.of(name));
                settle(PARTITIONS / 2, List.of(classic, modern));
                assertThat(described(name).type()).isEqualTo(GroupType.CONSUMER);
                produce(name, 0);
                readUntil(RECORDS, read, List.of(classic, modern));
            }
            settle(PARTITIONS, List.of(classic));
            assertThat(described(name).type()).isEqualTo(GroupType.CLASSIC);
            produce(name, RECORDS);
            readUntil(2 * RECORDS, read, List.of(classic));
        }
    }

    @Test
    void a_classic_consumer_and_one_over_http_are_members_of_one_group() throws Exception {
        String name = "classic-and-http";
        gateway.createTopic(name, 2);
        try (KafkaConsumer<String, String> wire = member(name, "classic", "")) {
            wire.subscribe(List.of(name));
            settle(2, List.of(wire));
            String http = gateway.join(name, "http", name, Duration.ofSeconds(30));
            await().atMost(TIMEOUT).pollDelay(Duration.ZERO).until(() -> {
                wire.poll(POLL);
                gateway.poll(http, 100, 1 << 20);
                return wire.assignment().size() == 1;
            });
            produce(name, 0);
            Set<String> read = new HashSet<>();
            await().atMost(TIMEOUT).pollDelay(Duration.ZERO).untilAsserted(() -> {
                wire.poll(POLL).forEach(record -> read.add(record.value()));
                gateway.poll(http, 100, 1 << 20).forEach(record -> read.add(record.value().asString()));
                assertThat(read).hasSize(RECORDS);
            });
            gateway.delete(http).expect(204);
            settle(2, List.of(wire));
        }
    }

    @Test
    void an_empty_group_is_described_with_its_state() throws Exception {
        String name = "left-alone";
        topic(name);
        try (KafkaConsumer<String, String> reader = member(name, "classic", "")) {
            reader.subscribe(List.of(name));
            settle(PARTITIONS, List.of(reader));
            assertThat(described(name).groupState()).isEqualTo(GroupState.STABLE);
            reader.commitSync();
        }
        assertThat(described(name).groupState()).isEqualTo(GroupState.EMPTY);
    }

    private void topic(String name) {
        try {
            gateway.createTopic(name, PARTITIONS);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private Map<String, Object> settings(String group) {
        return Map.of("bootstrap.servers", suite.bootstrapServers(), "group.id", group, "auto.offset.reset",
                "earliest");
    }

    private KafkaConsumer<String, String> member(String group, String protocol, String instance) {
        Map<String, Object> settings = new HashMap<>(settings(group));
        settings.put("group.protocol", protocol);
        if (!instance.isEmpty()) {
            settings.put("group.instance.id", instance);
        }
        if (protocol.equals("classic")) {
            settings.put("heartbeat.interval.ms", 300);
        }
        return new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
    }

    private static ConsumerRebalanceListener noting(Set<TopicPartition> revoked) {
        return new ConsumerRebalanceListener() {
            @Override
            public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
                revoked.addAll(partitions);
            }

            @Override
            public void onPartitionsAssigned(Collection<TopicPartition> partitions) {}
        };
    }

    private static void settle(int each, List<KafkaConsumer<String, String>> members) {
        await().atMost(TIMEOUT).pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(1)).until(() -> {
            for (KafkaConsumer<String, String> member : members) {
                member.poll(POLL);
            }
            return members.stream().allMatch(member -> member.assignment().size() == each);
        });
    }

    private static void readUntil(int count, Set<String> read, List<KafkaConsumer<String, String>> members) {
        await().atMost(TIMEOUT).pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(1)).untilAsserted(() -> {
            for (KafkaConsumer<String, String> member : members) {
                member.poll(POLL).forEach(record -> read.add(record.value()));
            }
            assertThat(read).hasSize(count);
        });
    }

    private void produce(String topic, int from) {
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(Map.of("bootstrap.servers", suite
                .bootstrapServers()), new StringSerializer(), new StringSerializer())) {
            for (int record = from; record < from + RECORDS; record++) {
                producer.send(new ProducerRecord<>(topic, Integer.toString(record), Integer.toString(record)));
            }
        }
    }

    private ConsumerGroupDescription described(String group) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", suite.bootstrapServers()))) {
            return admin.describeConsumerGroups(List.of(group)).describedGroups().get(group).get(20, TimeUnit.SECONDS);
        }
    }
}
