package io.millrace.coordinator.listener;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.millrace.common.metadata.CoordinatorNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ListGroupsRequestData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.ListGroupsRequest;
import org.apache.kafka.common.requests.ListGroupsResponse;
import org.apache.kafka.common.requests.RequestHeader;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.slf4j.LoggerFactory;

/** Requests for groups with bytes changed, cut off or added: each is answered or refused, and none is a fault of ours. */
@ResourceLock(ListeningCoordinator.ALONE)
class MutatedFramesTest {
    private static final int CASES = 3_000;

    private final ListeningCoordinator coordinator = ListeningCoordinator.shared();
    private final CoordinatorNode node = coordinator.address();
    @AutoClose
    private final WireClient bystander = new WireClient(node);
    private final ListAppender<ILoggingEvent> faults = new ListAppender<>();

    private static Logger logger() {
        return (Logger) LoggerFactory.getLogger(WireErrors.class);
    }

    @BeforeEach
    void listen() {
        faults.start();
        logger().addAppender(faults);
    }

    @AfterEach
    void stopListening() {
        logger().detachAppender(faults);
    }

    @Test
    void thousands_of_mutated_requests_harm_neither_the_coordinator_nor_another_connection() throws IOException {
        long seed = Long.getLong("millrace.seed", 78L);
        Random random = new Random(seed);
        List<byte[]> frames = frames();
        for (int i = 0; i < CASES; i++) {
            send(mutate(frames.get(random.nextInt(frames.size())).clone(), random));
        }
        var listed = bystander.send(ApiKeys.LIST_GROUPS, 5, version -> new ListGroupsRequest.Builder(
                new ListGroupsRequestData()).build(version), ListGroupsResponse.class);
        assertThat(listed.data().errorCode()).isZero();
        assertThat(faults.list).as("seed %d", seed).isEmpty();
    }

    private List<byte[]> frames() {
        Uuid orders = coordinator.images.current().topic("orders").id();
        var frames = new ArrayList<byte[]>();
        for (ApiKeys key : CoordinatorApis.SUPPORTED.keys()) {
            if (key != ApiKeys.API_VERSIONS) {
                short version = key.latestVersion();
                var body = MessageUtil.toByteBufferAccessor(Requests.of(key, version, "mutated", orders), version);
                AbstractRequest request = AbstractRequest.parseRequest(key, version, body).request;
                ByteBuffer frame = request.serializeWithHeader(new RequestHeader(key, version, "fuzz", 1));
                frames.add(ByteBuffer.allocate(Integer.BYTES + frame.remaining()).putInt(frame.remaining()).put(frame)
                        .array());
            }
        }
        return frames;
    }

    /** Most mutations are of the body, and the size stays true, so that they get further than the first checks. */
    private static byte[] mutate(byte[] frame, Random random) {
        byte[] mutated = switch (random.nextInt(4)) {
            case 0 -> Arrays.copyOf(frame, Integer.BYTES + 1 + random.nextInt(frame.length));
            case 1 -> Arrays.copyOf(frame, frame.length + random.nextInt(64));
            default -> frame;
        };
        for (int changes = 1 + random.nextInt(4); changes > 0; changes--) {
            int from = random.nextInt(4) == 0 ? 0 : Math.min(18, mutated.length - 1);
            mutated[random.nextInt(from, mutated.length)] = (byte) random.nextInt();
        }
        ByteBuffer.wrap(mutated).putInt(0, mutated.length - Integer.BYTES);
        return mutated;
    }

    private void send(byte[] frame) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), node.port())) {
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
