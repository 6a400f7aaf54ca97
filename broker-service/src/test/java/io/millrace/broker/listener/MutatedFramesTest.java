package io.millrace.broker.listener;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.common.metadata.BrokerImage;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.metadata.TopicImage;
import io.millrace.common.wire.FrameFuzz;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.requests.ApiVersionsRequest;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every request in every version with its bytes changed, cut and stretched, against handlers and logs that are real. */
class MutatedFramesTest {
    private static final int PERCENT = 80;

    @TempDir
    private Path folder;
    private TestBroker broker;

    @BeforeEach
    void start() throws IOException {
        broker = new TestBroker(folder);
        // Or each topic that a mutated request names would be made.
        broker.services.away = true;
    }

    @AfterEach
    void stop() {
        broker.close();
    }

    @Test
    void mutated_requests_harm_neither_the_broker_nor_another_connection() throws Exception {
        long seed = Long.getLong("millrace.seed", 77L);

        new FrameFuzz(broker.server, seed, frames()).run(FrameFuzz.cases(PERCENT));

        assertThat(broker.logs.failure()).isEmpty();
        Awaitility.await().until(() -> broker.requests.waitingFetches() == 0);
    }

    @Test
    void absurd_lengths_in_any_request_are_refused_before_memory_is_taken_for_them() {
        new FrameFuzz(broker.server, 1, frames()).absurdLengthsTakeNoMemory();
    }

    private List<byte[]> frames() {
        broker.images.putBroker(new BrokerImage(5, 1, "elsewhere.test", 9097, "http://elsewhere.test", false));
        TopicImage here = broker.images.createTopic("here", 1, TestBroker.ID, Map.of());
        TopicImage elsewhere = new TopicImage(Uuid.randomUuid(), "elsewhere", Map.of(), List.of(new PartitionImage(0,
                List.of(5), List.of(5), 5, 3, 3)));
        broker.images.putTopic(elsewhere);
        SampleRequests samples = new SampleRequests(here, elsewhere, new TopicImage(Uuid.randomUuid(), "missing", Map
                .of(), List.of()));
        List<byte[]> frames = new ArrayList<>();
        for (ApiKeys key : BrokerRequests.supported().keys()) {
            for (short version = key.oldestVersion(); version <= key.latestVersion(); version++) {
                if (BrokerRequests.supported().accepts(key, version)) {
                    frames.add(FrameFuzz.frame(key == ApiKeys.API_VERSIONS
                            ? new ApiVersionsRequest(new ApiVersionsRequestData().setClientSoftwareName("fuzz")
                                    .setClientSoftwareVersion("1"), version)
                            : samples.of(key, version)));
                }
            }
        }
        return frames;
    }
}
