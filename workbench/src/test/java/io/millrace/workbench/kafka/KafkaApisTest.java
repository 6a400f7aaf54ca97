package io.millrace.workbench.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.common.message.ApiMessageType.ListenerType;
import org.apache.kafka.common.message.ApiVersionsResponseData.ApiVersion;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.requests.ApiVersionsResponse;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * The requests that brokers and coordinators take, version by version, beside those of Apache Kafka of the same release. Each difference has a
 * reason here or fails, and so does a reason for a difference that there is not. {@code docs/kafka-apis.md} shows the outcome; run with
 * {@code -Dmillrace.docs.write=true} to have it written.
 */
class KafkaApisTest {
    private static final Path ROOT = Path.of("").toAbsolutePath().getParent();
    private static final String OTHERWISE = """
            ## Otherwise than Apache Kafka

            - OffsetCommit 2 to 4: a commit's own retention time is not taken. Offsets of all groups are kept for `MILLRACE_OFFSET_RETENTION`.
            - DescribeConfigs, AlterConfigs and IncrementalAlterConfigs of groups, brokers' loggers and clients' metrics are refused: there are no settings of single groups, those of all are their coordinator's. ListConfigResources has none of them.
            - IncrementalAlterConfigs that takes off a setting which topics never have is `INVALID_CONFIG`; Kafka takes a mistyped name for no change.
            - What one request may ask for is bounded, as [ADR 0030](adr/0030-kafkas-requests.md) lists; the rest is answered with an error at which clients ask again.
            """;
    private static final Path DOCUMENT = ROOT.resolve("docs/kafka-apis.md");

    private static final String NO_TRANSACTIONS = "there are no transactions";
    private static final String NO_SHARE_GROUPS = "there are no share groups";
    private static final String NO_STREAMS_GROUPS = "there are no streams groups";
    private static final String NO_ACCESS_CONTROL = "there are no users, and so no rights";
    private static final String NO_QUOTAS = "there are no quotas";

    /** What clients of Apache Kafka may ask and clients of Millrace may not, and why. */
    private static final Map<ApiKeys, String> NOT_HERE = Map.ofEntries(
            Map.entry(ApiKeys.ADD_PARTITIONS_TO_TXN, NO_TRANSACTIONS),
            Map.entry(ApiKeys.ADD_OFFSETS_TO_TXN, NO_TRANSACTIONS),
            Map.entry(ApiKeys.END_TXN, NO_TRANSACTIONS),
            Map.entry(ApiKeys.WRITE_TXN_MARKERS, NO_TRANSACTIONS),
            Map.entry(ApiKeys.TXN_OFFSET_COMMIT, NO_TRANSACTIONS),
            Map.entry(ApiKeys.DESCRIBE_TRANSACTIONS, NO_TRANSACTIONS),
            Map.entry(ApiKeys.LIST_TRANSACTIONS, NO_TRANSACTIONS),
            Map.entry(ApiKeys.DESCRIBE_ACLS, NO_ACCESS_CONTROL),
            Map.entry(ApiKeys.CREATE_ACLS, NO_ACCESS_CONTROL),
            Map.entry(ApiKeys.DELETE_ACLS, NO_ACCESS_CONTROL),
            Map.entry(ApiKeys.SASL_HANDSHAKE, NO_ACCESS_CONTROL),
            Map.entry(ApiKeys.SASL_AUTHENTICATE, NO_ACCESS_CONTROL),
            Map.entry(ApiKeys.CREATE_DELEGATION_TOKEN, NO_ACCESS_CONTROL),
            Map.entry(ApiKeys.RENEW_DELEGATION_TOKEN, NO_ACCESS_CONTROL),
            Map.entry(ApiKeys.EXPIRE_DELEGATION_TOKEN, NO_ACCESS_CONTROL),
            Map.entry(ApiKeys.DESCRIBE_DELEGATION_TOKEN, NO_ACCESS_CONTROL),
            Map.entry(ApiKeys.DESCRIBE_USER_SCRAM_CREDENTIALS, NO_ACCESS_CONTROL),
            Map.entry(ApiKeys.ALTER_USER_SCRAM_CREDENTIALS, NO_ACCESS_CONTROL),
            Map.entry(ApiKeys.DESCRIBE_CLIENT_QUOTAS, NO_QUOTAS),
            Map.entry(ApiKeys.ALTER_CLIENT_QUOTAS, NO_QUOTAS),
            Map.entry(ApiKeys.SHARE_GROUP_HEARTBEAT, NO_SHARE_GROUPS),
            Map.entry(ApiKeys.SHARE_GROUP_DESCRIBE, NO_SHARE_GROUPS),
            Map.entry(ApiKeys.SHARE_FETCH, NO_SHARE_GROUPS),
            Map.entry(ApiKeys.SHARE_ACKNOWLEDGE, NO_SHARE_GROUPS),
            Map.entry(ApiKeys.INITIALIZE_SHARE_GROUP_STATE, NO_SHARE_GROUPS),
            Map.entry(ApiKeys.READ_SHARE_GROUP_STATE, NO_SHARE_GROUPS),
            Map.entry(ApiKeys.WRITE_SHARE_GROUP_STATE, NO_SHARE_GROUPS),
            Map.entry(ApiKeys.DELETE_SHARE_GROUP_STATE, NO_SHARE_GROUPS),
            Map.entry(ApiKeys.READ_SHARE_GROUP_STATE_SUMMARY, NO_SHARE_GROUPS),
            Map.entry(ApiKeys.DESCRIBE_SHARE_GROUP_OFFSETS, NO_SHARE_GROUPS),
            Map.entry(ApiKeys.ALTER_SHARE_GROUP_OFFSETS, NO_SHARE_GROUPS),
            Map.entry(ApiKeys.DELETE_SHARE_GROUP_OFFSETS, NO_SHARE_GROUPS),
            Map.entry(ApiKeys.STREAMS_GROUP_HEARTBEAT, NO_STREAMS_GROUPS),
            Map.entry(ApiKeys.STREAMS_GROUP_DESCRIBE, NO_STREAMS_GROUPS),
            Map.entry(ApiKeys.ALTER_REPLICA_LOG_DIRS, "a broker has one data directory"),
            Map.entry(ApiKeys.DESCRIBE_QUORUM, "there is no quorum: PostgreSQL has the metadata"),
            Map.entry(ApiKeys.ADD_RAFT_VOTER, "there is no quorum: PostgreSQL has the metadata"),
            Map.entry(ApiKeys.REMOVE_RAFT_VOTER, "there is no quorum: PostgreSQL has the metadata"),
            Map.entry(ApiKeys.UPDATE_FEATURES, "there are no features to be switched"),
            Map.entry(ApiKeys.UNREGISTER_BROKER, "brokers are removed over HTTP, once nothing is on them"),
            Map.entry(ApiKeys.GET_TELEMETRY_SUBSCRIPTIONS, "clients' metrics are not gathered"),
            Map.entry(ApiKeys.PUSH_TELEMETRY, "clients' metrics are not gathered"));

    /** Of what both have, why the versions that are advertised differ. */
    private static final Map<ApiKeys, String> OTHER_VERSIONS = Map.of();

    /**
     * @param lowest      advertised
     * @param lowestTaken a lower one is refused although it is advertised
     */
    private record Versions(int lowest, int lowestTaken, int highest) {
        boolean takes(int version) {
            return lowestTaken <= version && version <= highest;
        }

        boolean advertisesAs(Versions other) {
            return lowest == other.lowest && highest == other.highest;
        }

        @Override
        public String toString() {
            return lowest == highest ? String.valueOf(lowest) : lowest + "–" + highest;
        }

        private static Versions of(ApiVersion version) {
            return new Versions(version.minVersion(), version.minVersion(), version.maxVersion());
        }
    }

    private static Map<ApiKeys, Versions> kafkas() {
        Map<ApiKeys, Versions> versions = new EnumMap<>(ApiKeys.class);
        ApiVersionsResponse.filterApis(ListenerType.BROKER, false, true).forEach(version -> versions.put(ApiKeys.forId(
                version.apiKey()), Versions.of(version)));
        return versions;
    }

    /** What a service's listener advertises, read from its classes: the workbench itself depends on no service. */
    private static Map<ApiKeys, Versions> advertised(String module, String className) throws Exception {
        URL[] places = {classes("common"), classes(module)};
        try (URLClassLoader loader = new URLClassLoader(places, KafkaApisTest.class.getClassLoader())) {
            var field = Class.forName(className, true, loader).getDeclaredField("SUPPORTED");
            field.setAccessible(true);
            Object supported = field.get(null);
            Map<ApiKeys, Versions> versions = new EnumMap<>(ApiKeys.class);
            for (Object api : (Collection<?>) call(supported, "all")) {
                versions.put((ApiKeys) call(api, "key"), new Versions((short) call(api, "advertisedLowest"),
                        (short) call(api, "lowest"), (short) call(api, "highest")));
            }
            return versions;
        }
    }

    private static Object call(Object target, String method) throws ReflectiveOperationException {
        var found = target.getClass().getMethod(method);
        found.setAccessible(true);
        return found.invoke(target);
    }

    private static URL classes(String module) throws MalformedURLException {
        return ROOT.resolve(module).resolve("target/classes").toUri().toURL();
    }

    private static Map<ApiKeys, Versions> brokers() throws Exception {
        return advertised("broker-service", "io.millrace.broker.listener.BrokerApis");
    }

    private static Map<ApiKeys, Versions> coordinators() throws Exception {
        return advertised("coordinator-service", "io.millrace.coordinator.listener.CoordinatorApis");
    }

    @Test
    void every_difference_to_apache_kafka_has_a_reason_and_every_reason_a_difference() throws Exception {
        Map<ApiKeys, Versions> brokers = brokers();
        Map<ApiKeys, Versions> coordinators = coordinators();
        List<String> problems = new ArrayList<>();
        kafkas().forEach((key, kafka) -> {
            boolean here = brokers.containsKey(key) || coordinators.containsKey(key);
            if (!here && !NOT_HERE.containsKey(key)) {
                problems.add(key + " is not here, for no reason");
            }
            if (here && NOT_HERE.containsKey(key)) {
                problems.add(key + " is here: the reason why it is not is stale: " + NOT_HERE.get(key));
            }
            for (Map<ApiKeys, Versions> listener : List.of(brokers, coordinators)) {
                Versions ours = listener.get(key);
                if (ours != null && !ours.advertisesAs(kafka) && !OTHER_VERSIONS.containsKey(key)) {
                    problems.add(key + " has versions " + ours + " where Apache Kafka has " + kafka
                            + ", for no reason");
                }
            }
        });
        for (Map<ApiKeys, Versions> listener : List.of(brokers, coordinators)) {
            listener.keySet().stream().filter(key -> !kafkas().containsKey(key)).forEach(key -> problems.add(key
                    + " is nothing that Apache Kafka's brokers answer"));
        }
        OTHER_VERSIONS.keySet().stream().filter(key -> List.of(brokers, coordinators).stream().allMatch(
                listener -> !listener.containsKey(key) || listener.get(key).advertisesAs(kafkas().get(key)))).forEach(
                        key -> problems.add(key + " has the versions that Apache Kafka has: the reason is stale"));
        NOT_HERE.keySet().stream().filter(key -> !kafkas().containsKey(key)).forEach(key -> problems.add(key
                + " is not in Apache Kafka either: the reason why it is not here is stale"));
        assertThat(problems).isEmpty();
    }

    @Test
    void the_document_shows_every_request_and_version() throws Exception {
        String document = document(brokers(), coordinators());
        System.out.println(document);
        if (Boolean.getBoolean("millrace.docs.write")) {
            Files.writeString(DOCUMENT, document);
        }
        assertThat(read()).as("docs/kafka-apis.md; -Dmillrace.docs.write=true writes it").isEqualTo(document);
    }

    private static String read() throws IOException {
        return Files.exists(DOCUMENT) ? Files.readString(DOCUMENT) : "";
    }

    private static String document(Map<ApiKeys, Versions> brokers, Map<ApiKeys, Versions> coordinators) {
        StringBuilder text = new StringBuilder("""
                # Kafka's requests, and which are answered

                What brokers (port 9092) and coordinators (port 9192) take of Kafka's protocol, beside Apache Kafka 4.3.1. `KafkaApisTest` writes and checks
                this page: it compares what both advertise with what Apache Kafka's brokers do, version by version. A `●` is a version that the one
                takes, `○` one that Apache Kafka takes and it does not.

                A request that is not advertised is not sent by clients: they raise `UnsupportedVersionException` at once. A connection that sends one all the same is closed.

                | key | request | Apache Kafka | broker | coordinator |
                |---|---|---|---|---|
                """);
        Map<Short, ApiKeys> keys = new TreeMap<>();
        kafkas().keySet().forEach(key -> keys.put(key.id, key));
        keys.values().stream().filter(key -> brokers.containsKey(key) || coordinators.containsKey(key)).forEach(
                key -> text.append("| %d | %s | %s | %s | %s |\n".formatted(key.id, key.name, kafkas().get(key), cell(
                        kafkas().get(key), brokers.get(key)), cell(kafkas().get(key), coordinators.get(key)))));
        text.append(
                "\nProduce 0 to 2 are advertised, as by Apache Kafka, since librdkafka turns compression off otherwise; and refused by both.\n");
        new TreeMap<>(OTHER_VERSIONS).forEach((key, reason) -> text.append("\n%s: %s.\n".formatted(key.name, reason)));
        text.append("\n" + OTHERWISE);
        text.append("\n## Not here\n\n| key | request | why not |\n|---|---|---|\n");
        keys.values().stream().filter(NOT_HERE::containsKey).forEach(key -> text.append("| %d | %s | %s |\n".formatted(
                key.id, key.name, NOT_HERE.get(key))));
        return text.toString();
    }

    private static String cell(Versions kafka, @Nullable Versions versions) {
        return versions == null ? "–"
                : versions + " " + IntStream.rangeClosed(kafka.lowest(), kafka.highest()).mapToObj(
                        version -> versions.takes(version) ? "●" : "○").collect(Collectors.joining());
    }
}
