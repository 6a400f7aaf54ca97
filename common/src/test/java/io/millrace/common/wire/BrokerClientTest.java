package io.millrace.common.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.message.DescribeClusterRequestData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.requests.DescribeClusterRequest;
import org.apache.kafka.common.requests.DescribeClusterResponse;
import org.apache.kafka.common.requests.MetadataRequest;
import org.apache.kafka.common.requests.MetadataResponse;
import org.apache.kafka.common.requests.ProduceRequest;
import org.apache.kafka.common.requests.ProduceResponse;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.util.unit.DataSize;

class BrokerClientTest {
    private static final Duration LONG = Duration.ofSeconds(20);

    private final ScriptedHandler handler = new ScriptedHandler();
    private WireServer server = start(0);
    private BrokerClient client = BrokerClient.create(BrokerClientConfig.withClientId("test"));

    private WireServer start(int port) {
        try {
            WireServer started = WireServer.bind(WireServerConfig.onLoopback(port),
                    new SupportedApis(List.of(SupportedApis.Api.of(ApiKeys.METADATA, 0, 11))), handler);
            started.start();
            return started;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @AfterEach
    void close() {
        client.close();
        server.close();
    }

    private BrokerEndpoint endpoint() {
        return new BrokerEndpoint(1, "127.0.0.1", server.port());
    }

    private CompletableFuture<MetadataResponse> ask(BrokerEndpoint broker, Lane lane, Duration timeout) {
        return client.send(broker, lane, MetadataRequest.Builder.allTopics(), MetadataResponse.class, timeout);
    }

    @Test
    void a_request_is_sent_in_the_highest_version_that_both_speak() throws Exception {
        handler.hold = true;
        CompletableFuture<MetadataResponse> answer = ask(endpoint(), Lane.DATA, LONG);

        InboundRequest request = handler.takeHeld();

        assertThat(request.version()).isEqualTo((short) 11);
        assertThat(request.header().clientId()).isEqualTo("test");
        request.respond(ScriptedHandler.answer(request, 42));
        assertThat(answer.get().data().controllerId()).isEqualTo(42);
    }

    @Test
    void thousands_of_concurrent_requests_get_each_their_own_answer_over_one_connection() throws Exception {
        List<CompletableFuture<MetadataResponse>> answers = new ArrayList<>();
        for (int i = 0; i < 4_000; i++) {
            answers.add(ask(endpoint(), Lane.DATA, LONG));
        }
        CompletableFuture.allOf(answers.toArray(CompletableFuture[]::new)).get();

        List<Integer> correlationIds = answers.stream().map(answer -> answer.join().data().controllerId()).toList();

        assertThat(correlationIds).doesNotHaveDuplicates();
        assertThat(server.counters().connectionsAccepted()).isEqualTo(1);
    }

    @Test
    void on_the_long_poll_lane_a_request_that_waits_holds_up_no_other() throws Exception {
        handler.hold = true;
        CompletableFuture<MetadataResponse> slow = ask(endpoint(), Lane.LONG_POLL, LONG);
        CompletableFuture<MetadataResponse> quick = ask(endpoint(), Lane.LONG_POLL, LONG);
        InboundRequest first = handler.takeHeld();
        InboundRequest second = handler.takeHeld();

        second.respond(ScriptedHandler.answer(second, 2));

        assertThat(quick.get().data().controllerId()).isEqualTo(2);
        assertThat(slow).isNotDone();
        first.respond(ScriptedHandler.answer(first, 1));
        assertThat(slow.get().data().controllerId()).isEqualTo(1);
    }

    @Test
    void a_lost_connection_fails_everything_in_flight_and_the_next_request_opens_another() throws Exception {
        handler.hold = true;
        BrokerEndpoint broker = endpoint();
        List<CompletableFuture<MetadataResponse>> answers = List.of(ask(broker, Lane.DATA, LONG), ask(broker, Lane.DATA,
                LONG));
        handler.takeHeld();
        handler.takeHeld();

        server.close();

        assertThat(answers).allSatisfy(answer -> assertThatThrownBy(answer::get).isInstanceOf(ExecutionException.class)
                .cause().isInstanceOfSatisfying(DisconnectedException.class, e -> assertThat(e.broker()).isEqualTo(
                        broker)));
        handler.hold = false;
        server = start(broker.port());
        assertThat(ask(broker, Lane.DATA, LONG).get()).isNotNull();
    }

    @Test
    void a_broker_that_is_away_is_named_and_found_again_when_it_is_back() throws Exception {
        BrokerEndpoint broker = endpoint();
        server.close();

        assertThatThrownBy(() -> ask(broker, Lane.DATA, LONG).get()).cause().isInstanceOf(DisconnectedException.class)
                .hasMessageContaining("broker 1 at 127.0.0.1:" + broker.port());
        assertThatThrownBy(() -> ask(broker, Lane.DATA, LONG).get()).cause().isInstanceOf(DisconnectedException.class);

        server = start(broker.port());
        eventually().until(() -> {
            try {
                return ask(broker, Lane.DATA, LONG).join() != null;
            } catch (CompletionException e) {
                return false;
            }
        });
    }

    @Test
    void a_request_times_out_alone_while_the_broker_answers_others() throws Exception {
        handler.hold = true;
        CompletableFuture<MetadataResponse> stuck = ask(endpoint(), Lane.LONG_POLL, Duration.ofSeconds(2));
        InboundRequest stuckRequest = handler.takeHeld();
        handler.hold = false;
        assertThat(ask(endpoint(), Lane.LONG_POLL, LONG).get()).isNotNull();

        assertThatThrownBy(stuck::get).cause().isInstanceOf(RequestTimedOutException.class);

        stuckRequest.respond(ScriptedHandler.answerTo(stuckRequest));
        assertThat(ask(endpoint(), Lane.LONG_POLL, LONG).get()).isNotNull();
        assertThat(server.counters().connectionsAccepted()).isEqualTo(1);
    }

    @Test
    void a_broker_that_falls_silent_loses_its_connection() throws Exception {
        handler.hold = true;
        CompletableFuture<MetadataResponse> patient = ask(endpoint(), Lane.DATA, LONG);
        handler.takeHeld();
        CompletableFuture<MetadataResponse> stuck = ask(endpoint(), Lane.DATA, Duration.ofMillis(50));

        assertThatThrownBy(stuck::get).cause().isInstanceOf(RequestTimedOutException.class);
        assertThatThrownBy(patient::get).cause().isInstanceOf(DisconnectedException.class);
    }

    @Test
    void a_host_that_accepts_and_says_nothing_fails_within_the_connect_timeout() throws Exception {
        client.close();
        client = BrokerClient.create(new BrokerClientConfig("test", Duration.ofMillis(100), Duration.ofMillis(10),
                Duration.ofMillis(20), 10,
                DataSize.ofMegabytes(1), Duration.ofMinutes(1), Duration.ofMillis(10), DataSize.ofBytes(0), DataSize
                        .ofBytes(0)));
        try (ServerSocket mute = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            CompletableFuture<MetadataResponse> answer = ask(new BrokerEndpoint(3, "127.0.0.1", mute.getLocalPort()),
                    Lane.DATA, LONG);

            assertThatThrownBy(answer::get).cause().isInstanceOf(DisconnectedException.class);
        }
    }

    @Test
    void an_answer_that_is_no_answer_ends_the_connection() throws Exception {
        try (ServerSocket impostor = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            Thread.ofVirtual().start(() -> {
                try (Socket socket = impostor.accept()) {
                    socket.getOutputStream().write("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(
                            java.nio.charset.StandardCharsets.US_ASCII));
                    socket.getInputStream().readAllBytes();
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            });

            CompletableFuture<MetadataResponse> answer = ask(new BrokerEndpoint(3, "127.0.0.1", impostor
                    .getLocalPort()), Lane.DATA, LONG);

            assertThatThrownBy(answer::get).cause().isInstanceOf(DisconnectedException.class).hasMessageContaining(
                    "limit");
        }
    }

    @Test
    void an_answer_that_there_is_no_memory_for_is_passed_over_and_the_next_one_read() throws Exception {
        List<Integer> sizes = new CopyOnWriteArrayList<>();
        CompletableFuture<MetadataResponse> refused = client.send(endpoint(), Lane.DATA, MetadataRequest.Builder
                .allTopics(), MetadataResponse.class, LONG, size -> !sizes.add(size));
        CompletableFuture<MetadataResponse> next = ask(endpoint(), Lane.DATA, LONG);

        assertThatThrownBy(refused::get).hasCauseInstanceOf(ResponseRefusedException.class);
        assertThat(next.get().errorCounts()).isEmpty();
        assertThat(sizes).singleElement().satisfies(size -> assertThat(size).isPositive());
    }

    @Test
    void an_answer_that_breaks_off_fails_its_request() throws Exception {
        try (ServerSocket listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            var broken = new BrokerEndpoint(7, "127.0.0.1", listening.getLocalPort());
            CompletableFuture<MetadataResponse> answer = ask(broken, Lane.DATA, LONG);
            try (Socket socket = listening.accept()) {
                relayOneAnswer(socket);
                var in = new DataInputStream(socket.getInputStream());
                byte[] request = in.readNBytes(in.readInt());
                var out = new DataOutputStream(socket.getOutputStream());
                out.writeInt(1_000);
                out.write(request, Short.BYTES + Short.BYTES, Integer.BYTES);
                out.write(new byte[100]);
            }

            assertThatThrownBy(answer::get).hasCauseInstanceOf(DisconnectedException.class);
        }
    }

    /** The broker's own answer to a request. */
    private void relayOneAnswer(Socket client) throws IOException {
        try (Socket broker = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            relayFrame(client, broker);
            relayFrame(broker, client);
        }
    }

    private static void relayFrame(Socket from, Socket to) throws IOException {
        var in = new DataInputStream(from.getInputStream());
        byte[] frame = in.readNBytes(in.readInt());
        var out = new DataOutputStream(to.getOutputStream());
        out.writeInt(frame.length);
        out.write(frame);
        out.flush();
    }

    @Test
    void one_request_too_many_is_not_sent() throws Exception {
        client.close();
        client = BrokerClient.create(new BrokerClientConfig("test", LONG, Duration.ofMillis(10), Duration.ofMillis(20),
                2,
                DataSize.ofMegabytes(1), Duration.ofMinutes(1), Duration.ofMillis(10), DataSize.ofBytes(0), DataSize
                        .ofBytes(0)));
        handler.hold = true;
        ask(endpoint(), Lane.DATA, LONG);
        ask(endpoint(), Lane.DATA, LONG);
        handler.takeHeld();
        handler.takeHeld();

        assertThatThrownBy(() -> ask(endpoint(), Lane.DATA, LONG).get()).cause().isInstanceOf(
                InFlightLimitException.class);
    }

    @Test
    void what_the_broker_does_not_speak_is_not_sent() {
        CompletableFuture<DescribeClusterResponse> answer = client.send(endpoint(), Lane.DATA,
                new DescribeClusterRequest.Builder(new DescribeClusterRequestData()), DescribeClusterResponse.class,
                LONG);

        assertThatThrownBy(answer::get).cause().isInstanceOf(UnsupportedVersionException.class).hasMessageContaining(
                "DescribeCluster");
    }

    @Test
    void a_produce_request_without_an_answer_is_refused() {
        server.close();
        server = startProduce();
        CompletableFuture<ProduceResponse> answer = client.send(endpoint(), Lane.DATA,
                new ProduceRequest.Builder((short) 9, (short) 9, new ProduceRequestData().setAcks((short) 0)),
                ProduceResponse.class, LONG);

        assertThatThrownBy(answer::get).cause().isInstanceOf(IllegalArgumentException.class).hasMessageContaining(
                "acks=0");
    }

    private WireServer startProduce() {
        try {
            WireServer started = WireServer.bind(WireServerConfig.onLoopback(0),
                    new SupportedApis(List.of(SupportedApis.Api.of(ApiKeys.PRODUCE, 3, 13))), handler);
            started.start();
            return started;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void an_idle_connection_is_closed_and_opened_again_on_use() throws Exception {
        client.close();
        client = BrokerClient.create(new BrokerClientConfig("test", LONG, Duration.ofMillis(10), Duration.ofMillis(20),
                10,
                DataSize.ofMegabytes(1), Duration.ofMillis(50), Duration.ofMillis(10), DataSize.ofBytes(0), DataSize
                        .ofBytes(0)));
        assertThat(ask(endpoint(), Lane.DATA, LONG).get()).isNotNull();

        eventually().until(() -> server.counters().connectionsOpen() == 0);

        assertThat(ask(endpoint(), Lane.DATA, LONG).get()).isNotNull();
    }

    @Test
    void closing_fails_what_is_unanswered_and_everything_later() throws Exception {
        handler.hold = true;
        CompletableFuture<MetadataResponse> unanswered = ask(endpoint(), Lane.DATA, LONG);
        handler.takeHeld();

        client.close();

        assertThatThrownBy(unanswered::get).cause().isInstanceOf(DisconnectedException.class);
        assertThatThrownBy(() -> ask(endpoint(), Lane.DATA, LONG).get()).cause().isInstanceOf(
                DisconnectedException.class);
    }

    /** Patient: a machine that builds and tests at once is slow. */
    private static ConditionFactory eventually() {
        return Awaitility.await().atMost(Duration.ofSeconds(60));
    }
}
