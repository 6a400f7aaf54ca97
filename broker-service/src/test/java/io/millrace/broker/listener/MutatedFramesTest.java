package io.millrace.broker.listener;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.common.metadata.TopicImage;
import io.millrace.common.wire.BrokerClient;
import io.millrace.common.wire.BrokerClientConfig;
import io.millrace.common.wire.CloseReason;
import io.millrace.common.wire.Lane;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.DeleteTopicsRequestData;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchRequestData.FetchPartition;
import org.apache.kafka.common.message.FetchRequestData.FetchTopic;
import org.apache.kafka.common.message.FindCoordinatorRequestData;
import org.apache.kafka.common.message.InitProducerIdRequestData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceDataCollection;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.DeleteTopicsRequest;
import org.apache.kafka.common.requests.FetchRequest;
import org.apache.kafka.common.requests.FindCoordinatorRequest;
import org.apache.kafka.common.requests.InitProducerIdRequest;
import org.apache.kafka.common.requests.MetadataRequest;
import org.apache.kafka.common.requests.MetadataResponse;
import org.apache.kafka.common.requests.ProduceRequest;
import org.apache.kafka.common.requests.RequestHeader;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Valid requests with bytes changed, cut and stretched, against handlers and logs that are real. */
class MutatedFramesTest {
    private static final int CASES = 3_000;

    @TempDir
    private Path folder;
    private TestBroker broker;
    private final BrokerClient client = BrokerClient.create(BrokerClientConfig.withClientId("bystander"));

    @BeforeEach
    void start() throws IOException {
        broker = new TestBroker(folder);
    }

    @AfterEach
    void stop() {
        client.close();
        broker.close();
    }

    @Test
    void thousands_of_mutated_requests_harm_neither_the_broker_nor_another_connection() throws IOException {
        long seed = Long.getLong("millrace.seed", 77L);
        Random random = new Random(seed);
        TopicImage topic = broker.images.createTopic("t", 1, TestBroker.ID, Map.of());
        List<AbstractRequest> requests = requests(topic);
        for (int i = 0; i < CASES; i++) {
            AbstractRequest request = requests.get(random.nextInt(requests.size()));
            send(mutate(frame(request), random));
            if (i % 250 == 0) {
                assertBystanderIsServed();
            }
        }
        assertBystanderIsServed();
        assertThat(broker.server.counters().closed(CloseReason.INTERNAL_ERROR)).as("seed %d", seed).isZero();
        assertThat(broker.logs.failure()).isEmpty();
    }

    private void assertBystanderIsServed() {
        assertThat(client.send(broker.endpoint(), Lane.DATA, MetadataRequest.Builder.allTopics(),
                MetadataResponse.class,
                Duration.ofSeconds(30)).join().data().brokers()).hasSize(1);
    }

    private static List<AbstractRequest> requests(TopicImage topic) {
        MemoryRecords records = MemoryRecords.withRecords(Compression.gzip().build(),
                new SimpleRecord("key".getBytes(StandardCharsets.UTF_8), "value".getBytes(StandardCharsets.UTF_8)));
        TopicProduceDataCollection data = new TopicProduceDataCollection();
        data.add(new TopicProduceData().setName(topic.name()).setPartitionData(List.of(new PartitionProduceData()
                .setIndex(0).setRecords(records))));
        FetchTopic fetched = new FetchTopic().setTopicId(topic.id())
                .setPartitions(List.of(new FetchPartition().setPartition(0).setPartitionMaxBytes(1_000)));
        return List.of(
                new ProduceRequest(new ProduceRequestData().setAcks((short) 1).setTopicData(data), (short) 9),
                new FetchRequest(new FetchRequestData().setMaxBytes(1_000).setMaxWaitMs(5).setMinBytes(1).setTopics(List
                        .of(fetched)), (short) 17),
                new MetadataRequest.Builder(List.of("t", "u"), false).build((short) 9),
                new DeleteTopicsRequest.Builder(new DeleteTopicsRequestData().setTopicNames(List.of("absent"))).build(
                        (short) 4),
                new FindCoordinatorRequest.Builder(new FindCoordinatorRequestData().setCoordinatorKeys(List.of("g")))
                        .build((short) 4),
                new InitProducerIdRequest.Builder(new InitProducerIdRequestData().setTransactionalId(null)
                        .setTransactionTimeoutMs(1)).build((short) 4));
    }

    private static byte[] frame(AbstractRequest request) {
        ByteBuffer body = request.serializeWithHeader(new RequestHeader(request.apiKey(), request.version(), "fuzz",
                1));
        return ByteBuffer.allocate(Integer.BYTES + body.remaining()).putInt(body.remaining()).put(body).array();
    }

    /** The size stays true in most cases, so that a mutation gets further than the first check. */
    private static byte[] mutate(byte[] frame, Random random) {
        byte[] mutated = switch (random.nextInt(4)) {
            case 0 -> Arrays.copyOf(frame, 1 + random.nextInt(frame.length));
            case 1 -> Arrays.copyOf(frame, frame.length + random.nextInt(64));
            default -> frame;
        };
        for (int changes = 1 + random.nextInt(4); changes > 0; changes--) {
            mutated[random.nextInt(mutated.length)] = (byte) random.nextInt();
        }
        if (mutated.length > Integer.BYTES && random.nextInt(8) != 0) {
            ByteBuffer.wrap(mutated).putInt(0, mutated.length - Integer.BYTES);
        }
        return mutated;
    }

    private void send(byte[] frame) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), broker.server.port())) {
            socket.setSoTimeout(30_000);
            socket.getOutputStream().write(frame);
            socket.shutdownOutput();
            socket.getInputStream().readAllBytes();
        } catch (SocketException e) {
            // Closed with bytes unread, which is what a refused frame gets.
            assertThat(e).hasMessageMatching("(?i).*(reset|broken pipe).*");
        }
    }
}
