package io.millrace.common.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.apache.kafka.common.errors.NotControllerException;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.ApiVersionsRequest;
import org.apache.kafka.common.requests.ApiVersionsResponse;
import org.apache.kafka.common.requests.MetadataRequest;
import org.apache.kafka.common.requests.MetadataResponse;
import org.apache.kafka.common.requests.RequestHeader;
import org.apache.kafka.common.requests.ResponseHeader;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.util.unit.DataSize;

class WireServerTest {
    private final ScriptedHandler handler = new ScriptedHandler();
    private final List<AutoCloseable> opened = new ArrayList<>();
    private WireServer server = start(config -> config);

    private WireServer start(UnaryOperator<WireServerConfig> change) {
        try {
            SupportedApis apis = new SupportedApis(
                    List.of(SupportedApis.Api.of(ApiKeys.METADATA, 0, 13), SupportedApis.Api.of(ApiKeys.PRODUCE, 3,
                            13)));
            WireServer started = WireServer.bind(change.apply(WireServerConfig.onLoopback(0)), apis, handler);
            started.start();
            opened.add(started);
            return started;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private RawClient connect() throws IOException {
        RawClient client = new RawClient(server.port());
        opened.addFirst(client);
        return client;
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable closeable : opened) {
            closeable.close();
        }
    }

    private static WireServerConfig limits(WireServerConfig from, int maxConnections, int maxPerHost, int maxInFlight) {
        return new WireServerConfig(from.bindHost(), 0, from.backlog(), maxConnections, maxPerHost, from
                .maxRequestSize(),
                from.maxControlRequestSize(), maxInFlight, from.requestMemory(), from.pooledMemory(), from
                        .idleTimeout(),
                from.requestReadTimeout(), from.requestProgressTimeout(), from.writeTimeout(), from.heldBackTimeout(),
                from.socketSendBuffer(), from.socketReceiveBuffer());
    }

    private static WireServerConfig heldBack(WireServerConfig from, Duration heldBack) {
        return new WireServerConfig(from.bindHost(), 0, from.backlog(), from.maxConnections(), from
                .maxConnectionsPerHost(), from.maxRequestSize(), from.maxControlRequestSize(), from
                        .maxInFlightRequests(), from.requestMemory(), from.pooledMemory(), from.idleTimeout(), from
                                .requestReadTimeout(), from.requestProgressTimeout(), from.writeTimeout(), heldBack,
                from.socketSendBuffer(), from.socketReceiveBuffer());
    }

    private static WireServerConfig timeouts(WireServerConfig from, Duration idle, Duration read, Duration write) {
        return new WireServerConfig(from.bindHost(), 0, from.backlog(), from.maxConnections(), from
                .maxConnectionsPerHost(),
                from.maxRequestSize(), from.maxControlRequestSize(), from.maxInFlightRequests(), from.requestMemory(),
                from.pooledMemory(),
                idle, read, read, write, from.heldBackTimeout(), DataSize.ofKilobytes(16), DataSize.ofKilobytes(16));
    }

    /** Frames up to {@code maxRequestSize}, in memory for two of them. */
    private static WireServerConfig memory(WireServerConfig from, DataSize maxRequestSize, Duration read,
            Duration progress) {
        return new WireServerConfig(from.bindHost(), 0, from.backlog(), from.maxConnections(), from
                .maxConnectionsPerHost(),
                maxRequestSize, maxRequestSize, from.maxInFlightRequests(), DataSize.ofBytes(2 * maxRequestSize
                        .toBytes()),
                from.pooledMemory(), from.idleTimeout(), read, progress, from.writeTimeout(), from.heldBackTimeout(),
                from.socketSendBuffer(), from.socketReceiveBuffer());
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static MetadataRequest largeRequest(int topics) {
        MetadataRequestData data = new MetadataRequestData();
        String name = "x".repeat(200);
        for (int i = 0; i < topics; i++) {
            data.topics().add(new MetadataRequestData.MetadataRequestTopic().setName(name + i));
        }
        return new MetadataRequest(data, (short) 9);
    }

    private RawClient announce(int frameBytes) throws IOException {
        RawClient client = connect();
        client.write(ByteBuffer.allocate(12).putInt(frameBytes).putShort(ApiKeys.PRODUCE.id).putShort((short) 9)
                .array());
        return client;
    }

    private void assertStillServes(RawClient client) throws IOException {
        client.send(RawClient.metadataHeader(77), RawClient.metadataRequest());
        assertThat(readMetadata(client).data().controllerId()).isEqualTo(77);
    }

    private static MetadataResponse readMetadata(RawClient client) throws IOException {
        ByteBuffer frame = client.readFrame();
        ResponseHeader.parse(frame, ApiKeys.METADATA.responseHeaderVersion((short) 9));
        return MetadataResponse.parse(new ByteBufferAccessor(frame), (short) 9);
    }

    @Test
    void pipelined_requests_are_answered_in_their_order_however_they_are_completed() throws Exception {
        handler.hold = true;
        RawClient client = connect();
        for (int id = 1; id <= 5; id++) {
            client.send(RawClient.metadataHeader(id), RawClient.metadataRequest());
        }
        List<InboundRequest> requests = new ArrayList<>();
        for (int id = 1; id <= 5; id++) {
            requests.add(handler.takeHeld());
        }

        for (InboundRequest request : requests.reversed()) {
            request.respond(ScriptedHandler.answerTo(request));
        }

        for (int id = 1; id <= 5; id++) {
            assertThat(readMetadata(client).data().controllerId()).isEqualTo(id);
        }
    }

    @Test
    void no_large_answer_is_made_before_the_one_before_is_written() throws Exception {
        int count = 200;
        String large = "x".repeat(30_000);
        AtomicInteger made = new AtomicInteger();
        AtomicInteger unwritten = new AtomicInteger();
        RequestHandler counting = request -> {
            if (server.counters().bytesOut() < (long) made.getAndIncrement() * large.length()) {
                unwritten.incrementAndGet();
            }
            request.respond(new MetadataResponse(new MetadataResponseData().setClusterId(large).setControllerId(request
                    .header().correlationId()), request.version()));
        };
        server = WireServer.bind(WireServerConfig.onLoopback(0), new SupportedApis(List.of(SupportedApis.Api.of(
                ApiKeys.METADATA, 0, 13))), counting);
        server.start();
        opened.add(server);
        RawClient client = connect();
        var pipelined = new ByteArrayOutputStream();
        for (int id = 0; id < count; id++) {
            pipelined.writeBytes(RawClient.bytes(RawClient.metadataHeader(id), RawClient.metadataRequest()));
        }
        client.write(pipelined.toByteArray());

        for (int id = 0; id < count; id++) {
            assertThat(readMetadata(client).data().controllerId()).isEqualTo(id);
        }
        assertThat(unwritten).hasValue(0);
    }

    @Test
    void a_request_without_an_answer_does_not_hold_up_the_next() throws Exception {
        handler.hold = true;
        RawClient client = connect();
        client.send(RawClient.metadataHeader(1), RawClient.metadataRequest());
        client.send(RawClient.metadataHeader(2), RawClient.metadataRequest());
        InboundRequest first = handler.takeHeld();
        InboundRequest second = handler.takeHeld();

        second.respond(ScriptedHandler.answerTo(second));
        first.respondNothing();

        assertThat(readMetadata(client).data().controllerId()).isEqualTo(2);
    }

    @Test
    void a_second_answer_to_a_request_is_dropped() throws Exception {
        handler.hold = true;
        RawClient client = connect();
        client.send(RawClient.metadataHeader(1), RawClient.metadataRequest());
        InboundRequest request = handler.takeHeld();
        request.respond(ScriptedHandler.answer(request, 10));
        request.respond(ScriptedHandler.answer(request, 20));
        handler.hold = false;

        assertThat(readMetadata(client).data().controllerId()).isEqualTo(10);
        assertStillServes(client);
    }

    @Test
    void a_full_pipeline_is_not_read_from_until_an_answer_is_written() throws Exception {
        server.close();
        server = start(config -> limits(config, 100, 100, 2));
        handler.hold = true;
        RawClient client = connect();
        for (int id = 1; id <= 3; id++) {
            client.send(RawClient.metadataHeader(id), RawClient.metadataRequest());
        }
        InboundRequest first = handler.takeHeld();
        handler.takeHeld();
        eventually().until(() -> server.counters().requests(ApiKeys.METADATA) == 3);
        assertThat(handler.held).isEmpty();

        first.respond(ScriptedHandler.answerTo(first));

        assertThat(handler.takeHeld().header().correlationId()).isEqualTo(3);
    }

    @Test
    void oversized_negative_and_garbage_frames_end_their_own_connection_only() throws Exception {
        RawClient bystander = connect();
        assertStillServes(bystander);
        byte[] unknownKey = ByteBuffer.allocate(10).putShort((short) 999).putShort((short) 0).putInt(1).putShort(
                (short) -1).array();
        byte[] unknownVersion = ByteBuffer.allocate(10).putShort(ApiKeys.METADATA.id).putShort((short) 99).putInt(1)
                .putShort((short) -1)
                .array();
        byte[] produceTwo = ByteBuffer.allocate(10).putShort(ApiKeys.PRODUCE.id).putShort((short) 2).putInt(1).putShort(
                (short) -1).array();
        byte[] cut = ByteBuffer.allocate(10).putShort(ApiKeys.METADATA.id).putShort((short) 9).putInt(1).putShort(
                (short) 30_000).array();

        assertCloses(client -> client.writeSize(-5), CloseReason.MALFORMED_FRAME);
        assertCloses(client -> client.writeSize(0), CloseReason.MALFORMED_FRAME);
        assertCloses(client -> client.write("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII)),
                CloseReason.OVERSIZED_FRAME);
        assertCloses(client -> client.write(ByteBuffer.allocate(12).putInt(101 << 20).putShort(ApiKeys.PRODUCE.id)
                .putShort((short) 9).array()),
                CloseReason.OVERSIZED_FRAME);
        assertCloses(client -> client.write(ByteBuffer.allocate(12).putInt(9 << 20).putShort(ApiKeys.METADATA.id)
                .putShort((short) 9).array()),
                CloseReason.OVERSIZED_FRAME);
        assertCloses(client -> client.writeFrame(unknownKey), CloseReason.UNSUPPORTED_REQUEST);
        assertCloses(client -> client.writeFrame(unknownVersion), CloseReason.UNSUPPORTED_REQUEST);
        assertCloses(client -> client.writeFrame(produceTwo), CloseReason.UNSUPPORTED_REQUEST);
        assertCloses(client -> client.writeFrame(cut), CloseReason.MALFORMED_FRAME);

        assertStillServes(bystander);
    }

    private interface Misbehaviour {
        void of(RawClient client) throws IOException;
    }

    private void assertCloses(Misbehaviour misbehaviour, CloseReason reason) throws IOException {
        long before = server.counters().closed(reason);
        try (RawClient client = new RawClient(server.port())) {
            misbehaviour.of(client);
            assertThat(client.read()).isEqualTo(-1);
            eventually().until(() -> server.counters().closed(reason) == before + 1);
        }
    }

    @Test
    void an_array_that_claims_a_million_elements_and_more_is_refused_before_memory_is_taken() throws Exception {
        ByteBuffer frame = ByteBuffer.allocate(2 << 20);
        frame.putShort(ApiKeys.METADATA.id).putShort((short) 4).putInt(1).putShort((short) -1);
        frame.putInt(BoundedReadable.MAX_ELEMENTS + 1);

        assertCloses(client -> client.writeFrame(frame.array()), CloseReason.MALFORMED_FRAME);
    }

    @Test
    void an_unknown_version_of_api_versions_is_answered_in_version_0_with_the_supported_range() throws Exception {
        RawClient client = connect();
        byte[] frame = ByteBuffer.allocate(11).putShort(ApiKeys.API_VERSIONS.id).putShort((short) 99).putInt(5)
                .putShort((short) -1)
                .put((byte) 0).array();

        client.writeFrame(frame);

        ByteBuffer answer = client.readFrame();
        assertThat(ResponseHeader.parse(answer, (short) 0).correlationId()).isEqualTo(5);
        var data = ApiVersionsResponse.parse(new ByteBufferAccessor(answer), (short) 0).data();
        assertThat(data.errorCode()).isEqualTo(Errors.UNSUPPORTED_VERSION.code());
        assertThat(data.apiKeys()).singleElement().satisfies(api -> {
            assertThat(api.apiKey()).isEqualTo(ApiKeys.API_VERSIONS.id);
            assertThat(api.minVersion()).isZero();
            assertThat(api.maxVersion()).isEqualTo(ApiKeys.API_VERSIONS.latestVersion());
        });
        assertStillServes(client);
    }

    @Test
    void api_versions_are_advertised_with_a_header_of_version_0() throws Exception {
        RawClient client = connect();
        RequestHeader header = new RequestHeader(ApiKeys.API_VERSIONS, (short) 3, "raw", 6);

        client.send(header, new ApiVersionsRequest(
                new ApiVersionsRequestData().setClientSoftwareName("test").setClientSoftwareVersion("1"), (short) 3));

        ByteBuffer answer = client.readFrame();
        assertThat(ResponseHeader.parse(answer, (short) 0).correlationId()).isEqualTo(6);
        var data = ApiVersionsResponse.parse(new ByteBufferAccessor(answer), (short) 3).data();
        assertThat(data.apiKeys()).extracting(api -> ApiKeys.forId(api.apiKey()))
                .containsExactlyInAnyOrder(ApiKeys.API_VERSIONS, ApiKeys.METADATA, ApiKeys.PRODUCE);
    }

    @Test
    void a_handlers_exception_becomes_the_requests_error() throws Exception {
        server.close();
        SupportedApis apis = new SupportedApis(List.of(SupportedApis.Api.of(ApiKeys.METADATA, 0, 13)));
        server = WireServer.bind(WireServerConfig.onLoopback(0), apis, request -> {
            throw new NotControllerException("not me");
        });
        server.start();
        opened.add(server);
        RawClient client = connect();

        client.send(RawClient.metadataHeader(1),
                new org.apache.kafka.common.requests.MetadataRequest.Builder(List.of("t"), false).build((short) 9));

        assertThat(readMetadata(client).data().topics().find("t").errorCode()).isEqualTo(Errors.NOT_CONTROLLER.code());
    }

    @Test
    void one_connection_too_many_is_closed_and_counted() throws Exception {
        server.close();
        server = start(config -> limits(config, 10, 2, 10));
        RawClient first = connect();
        RawClient second = connect();
        assertStillServes(first);
        assertStillServes(second);

        RawClient third = connect();

        assertThat(third.read()).isEqualTo(-1);
        assertThat(server.counters().closed(CloseReason.TOO_MANY_CONNECTIONS)).isEqualTo(1);
        second.close();
        eventually().until(() -> server.counters().connectionsOpen() == 1);
        assertStillServes(connect());
    }

    @Test
    void an_idle_connection_is_closed_and_one_that_waits_for_an_answer_is_not() throws Exception {
        server.close();
        server = start(config -> timeouts(config, Duration.ofMillis(100), Duration.ofMinutes(1), Duration.ofMinutes(
                1)));
        handler.hold = true;
        RawClient waiting = connect();
        waiting.send(RawClient.metadataHeader(1), RawClient.metadataRequest());
        InboundRequest request = handler.takeHeld();
        RawClient idle = connect();

        assertThat(idle.read()).isEqualTo(-1);
        eventually().until(() -> server.counters().closed(CloseReason.IDLE) == 1);

        request.respond(ScriptedHandler.answerTo(request));
        assertThat(readMetadata(waiting).data().controllerId()).isEqualTo(1);
    }

    @Test
    void a_frame_that_does_not_get_complete_ends_its_connection() throws Exception {
        server.close();
        server = start(config -> timeouts(config, Duration.ofMinutes(1), Duration.ofMillis(100), Duration.ofMinutes(
                1)));
        RawClient client = connect();
        client.write(ByteBuffer.allocate(12).putInt(50_000).putShort(ApiKeys.PRODUCE.id).putShort((short) 9).array());

        assertThat(client.read()).isEqualTo(-1);
        eventually().until(() -> server.counters().closed(CloseReason.READ_TIMEOUT) == 1);
    }

    @Test
    void frames_that_are_only_announced_take_no_memory_from_others() throws Exception {
        server.close();
        server = start(config -> memory(config, DataSize.ofMegabytes(2), Duration.ofMinutes(2), Duration.ofMinutes(
                2)));
        announce(2 << 20);
        announce(2 << 20);
        announce(2 << 20);
        eventually().until(() -> server.counters().bytesIn() == 36);
        RawClient client = connect();

        client.send(RawClient.metadataHeader(5), largeRequest(6_000));

        assertThat(readMetadata(client).data().controllerId()).isEqualTo(5);
    }

    @Test
    void a_large_frame_that_comes_to_a_halt_ends_its_connection_long_before_its_time_is_up() throws Exception {
        server.close();
        server = start(config -> memory(config, DataSize.ofMegabytes(2), Duration.ofMinutes(2), Duration.ofMillis(
                100)));
        RawClient client = announce(2 << 20);

        assertThat(client.read()).isEqualTo(-1);
        eventually().until(() -> server.counters().closed(CloseReason.READ_TIMEOUT) == 1);
    }

    @Test
    void a_frame_that_waits_for_memory_does_not_run_out_of_time() throws Exception {
        server.close();
        CountDownLatch release = new CountDownLatch(1);
        SupportedApis apis = new SupportedApis(List.of(SupportedApis.Api.of(ApiKeys.METADATA, 0, 13)));
        WireServerConfig config = memory(WireServerConfig.onLoopback(0), DataSize.ofKilobytes(32), Duration.ofMillis(
                200), Duration.ofMillis(200));
        server = WireServer.bind(config, apis, request -> {
            awaitQuietly(release);
            request.respond(ScriptedHandler.answerTo(request));
        });
        server.start();
        opened.add(server);
        byte[] large = RawClient.bytes(RawClient.metadataHeader(1), largeRequest(150));
        RawClient first = connect();
        first.write(large);
        RawClient second = connect();
        second.write(large);
        eventually().until(() -> server.counters().requests(ApiKeys.METADATA) == 2);
        RawClient waiting = connect();
        waiting.write(large);
        // The clock of the one that stands still began to run after that of the one that waits.
        RawClient halted = announce(2_000);
        assertThat(halted.read()).isEqualTo(-1);

        release.countDown();

        assertThat(readMetadata(waiting).data().controllerId()).isEqualTo(1);
    }

    private InboundRequest sendHoldingBack(RawClient client) throws Exception {
        handler.hold = true;
        handler.holdNextBack = true;
        client.send(RawClient.metadataHeader(1), RawClient.metadataRequest());
        InboundRequest request = handler.takeHeld();
        handler.hold = false;
        handler.holdNextBack = false;
        return request;
    }

    @Test
    void a_frame_that_is_held_back_takes_no_memory_from_others() throws Exception {
        server.close();
        // Room for two frames of this size.
        server = start(config -> memory(config, DataSize.ofKilobytes(32), Duration.ofMinutes(2), Duration.ofMinutes(
                2)));
        byte[] large = RawClient.bytes(RawClient.metadataHeader(2), largeRequest(150));
        var holding = new ArrayList<InboundRequest>();
        var heldBack = new ArrayList<RawClient>();
        for (int i = 0; i < 3; i++) {
            RawClient client = connect();
            holding.add(sendHoldingBack(client));
            client.write(large);
            heldBack.add(client);
        }
        eventually().until(() -> server.counters().bytesIn() >= 3 * 4096);
        RawClient another = connect();

        another.write(large);

        assertThat(readMetadata(another).data().controllerId()).isEqualTo(2);
        assertThat(server.counters().requests(ApiKeys.METADATA)).isEqualTo(4);
        holding.forEach(request -> request.respond(ScriptedHandler.answerTo(request)));
        for (RawClient client : heldBack) {
            assertThat(readMetadata(client).data().controllerId()).isEqualTo(1);
            assertThat(readMetadata(client).data().controllerId()).isEqualTo(2);
        }
    }

    @Test
    void the_end_of_a_connection_is_seen_while_its_next_request_is_held_back_and_that_is_not_carried_out()
            throws Exception {
        RawClient client = connect();
        InboundRequest request = sendHoldingBack(client);
        CountDownLatch ended = new CountDownLatch(1);
        request.addCloseAction(ended::countDown);
        client.send(RawClient.metadataHeader(2), RawClient.metadataRequest());

        client.close();

        assertThat(ended.await(20, TimeUnit.SECONDS)).isTrue();
        eventually().until(() -> server.counters().closed(CloseReason.PEER_CLOSED) == 1);
        assertThat(server.counters().requests(ApiKeys.METADATA)).isEqualTo(1);
    }

    @Test
    void a_request_that_is_held_back_for_too_long_ends_its_connection() throws Exception {
        server.close();
        server = start(config -> heldBack(config, Duration.ofMillis(50)));
        RawClient client = connect();
        sendHoldingBack(client);

        client.send(RawClient.metadataHeader(2), RawClient.metadataRequest());

        assertThat(client.read()).isEqualTo(-1);
        eventually().until(() -> server.counters().closed(CloseReason.HELD_BACK_TOO_LONG) == 1);
    }

    @Test
    void a_frame_that_is_held_back_does_not_run_out_of_time() throws Exception {
        server.close();
        server = start(config -> timeouts(config, Duration.ofMinutes(1), Duration.ofMillis(200), Duration.ofMinutes(
                1)));
        RawClient client = connect();
        InboundRequest request = sendHoldingBack(client);
        client.send(RawClient.metadataHeader(2), RawClient.metadataRequest());
        // The clock of the one that stands still began to run after that of the one that waits.
        assertThat(announce(2_000).read()).isEqualTo(-1);

        request.respond(ScriptedHandler.answerTo(request));

        assertThat(readMetadata(client).data().controllerId()).isEqualTo(1);
        assertThat(readMetadata(client).data().controllerId()).isEqualTo(2);
    }

    @Test
    void a_peer_that_does_not_read_is_cut_off_and_harms_no_other() throws Exception {
        server.close();
        server = start(config -> timeouts(config, Duration.ofMinutes(1), Duration.ofMinutes(1), Duration.ofMillis(
                300)));
        handler.hold = true;
        RawClient slow = connect();
        slow.socket().setReceiveBufferSize(8192);
        slow.send(RawClient.metadataHeader(1), RawClient.metadataRequest());
        InboundRequest request = handler.takeHeld();
        handler.hold = false;
        String megabytes = "x".repeat(32_000);
        MetadataResponseData large = new MetadataResponseData();
        for (int i = 0; i < 1000; i++) {
            large.topics().add(new MetadataResponseData.MetadataResponseTopic().setName(i + megabytes));
        }

        request.respond(new MetadataResponse(large, request.version()));

        assertStillServes(connect());
        eventually().until(() -> server.counters().closed(CloseReason.WRITE_TIMEOUT) == 1);
    }

    @Test
    void shutdown_answers_what_was_read_and_then_closes() throws Exception {
        handler.hold = true;
        RawClient client = connect();
        client.send(RawClient.metadataHeader(1), RawClient.metadataRequest());
        InboundRequest request = handler.takeHeld();
        int port = server.port();
        Thread shutdown = Thread.ofVirtual().start(() -> server.shutdown(Duration.ofSeconds(20)));
        eventually().until(() -> !server.isOpen());

        request.respond(ScriptedHandler.answerTo(request));

        assertThat(readMetadata(client).data().controllerId()).isEqualTo(1);
        assertThat(client.read()).isEqualTo(-1);
        assertThat(shutdown.join(Duration.ofSeconds(20))).isTrue();
        assertThatThrownBy(() -> new RawClient(port)).isInstanceOf(IOException.class);
    }

    @Test
    void a_taken_port_is_named() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertThatThrownBy(() -> WireServer.bind(WireServerConfig.onLoopback(taken.getLocalPort()),
                    new SupportedApis(List.of()), handler))
                    .isInstanceOf(BindException.class).hasMessageContaining("127.0.0.1:" + taken.getLocalPort());
        }
    }

    @Test
    void mutated_frames_never_stop_the_server() throws Exception {
        List<byte[]> valid = List.of(FrameFuzz.frame(new MetadataRequest.Builder(List.of("a-topic", "another"), false)
                .build((short) 9)));

        new FrameFuzz(server, Long.getLong("millrace.seed", 20_260_101L), valid).run(4_000);
    }

    /** Patient: a machine that builds and tests at once is slow. */
    private static ConditionFactory eventually() {
        return Awaitility.await().atMost(Duration.ofSeconds(60));
    }
}
