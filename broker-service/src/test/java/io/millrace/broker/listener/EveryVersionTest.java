package io.millrace.broker.listener;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.common.metadata.BrokerImage;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.metadata.TopicImage;
import io.millrace.common.wire.BrokerClient;
import io.millrace.common.wire.BrokerClientConfig;
import io.millrace.common.wire.Lane;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.AbstractResponse;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Every advertised request in every version: with an answer that is full, and with the errors that say who leads. */
class EveryVersionTest {
    @TempDir
    private Path folder;
    private TestBroker broker;
    private final BrokerClient client = BrokerClient.create(BrokerClientConfig.withClientId("test"));
    private TopicImage here = new TopicImage(Uuid.ZERO_UUID, "unset", Map.of(), List.of());
    private TopicImage elsewhere = here;
    private TopicImage missing = new TopicImage(Uuid.randomUuid(), "missing", Map.of(), List.of());

    @BeforeEach
    void start() throws IOException {
        broker = new TestBroker(folder);
        broker.images.putBroker(new BrokerImage(5, 1, "elsewhere.test", 9097, "http://elsewhere.test", false));
        here = broker.images.createTopic("here", 1, TestBroker.ID, Map.of());
        List<Integer> other = List.of(5);
        elsewhere = new TopicImage(Uuid.randomUuid(), "elsewhere", Map.of(), List.of(new PartitionImage(0, other, other,
                5, 3, 3)));
        broker.images.putTopic(elsewhere);
    }

    @AfterEach
    void stop() {
        client.close();
        broker.close();
    }

    /** A request made for one version. */
    private static final class Fixed extends AbstractRequest.Builder<AbstractRequest> {
        private final Function<Short, AbstractRequest> make;

        Fixed(ApiKeys key, short version, Function<Short, AbstractRequest> make) {
            super(key, version);
            this.make = make;
        }

        @Override
        public AbstractRequest build(short version) {
            return make.apply(version);
        }
    }

    static Stream<ApiKeys> keys() {
        return BrokerRequests.supported().keys().stream().filter(key -> key != ApiKeys.API_VERSIONS);
    }

    @ParameterizedTest
    @MethodSource("keys")
    void every_version_is_answered(ApiKeys key) {
        for (short version = key.oldestVersion(); version <= key.latestVersion(); version++) {
            if (!BrokerRequests.supported().accepts(key, version)) {
                continue;
            }
            short asked = version;
            AbstractResponse answer = client.send(broker.endpoint(), Lane.DATA, new Fixed(key, version,
                    v -> new SampleRequests(here, elsewhere, missing).of(key, v)),
                    AbstractResponse.class, Duration.ofSeconds(20)).join();

            assertThat(answer.apiKey()).as("%s %d", key, asked).isEqualTo(key);
            assertThat(answer.errorCounts()).as("%s %d", key, asked).doesNotContainKey(Errors.UNKNOWN_SERVER_ERROR);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"JOIN_GROUP", "SYNC_GROUP", "HEARTBEAT", "LEAVE_GROUP", "CONSUMER_GROUP_HEARTBEAT",
            "CONSUMER_GROUP_DESCRIBE", "OFFSET_COMMIT", "OFFSET_FETCH", "OFFSET_DELETE", "DESCRIBE_GROUPS",
            "DELETE_GROUPS"})
    void a_broker_is_nobodys_coordinator_and_says_so(ApiKeys key) {
        AbstractResponse answer = client.send(broker.endpoint(), Lane.DATA, new Fixed(key, key.latestVersion(),
                version -> GroupRequests.of(key, version)), AbstractResponse.class, Duration.ofSeconds(20)).join();

        assertThat(answer.errorCounts()).containsOnlyKeys(Errors.NOT_COORDINATOR);
    }
}
