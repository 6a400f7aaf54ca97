package io.millrace.gateway.events;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.gateway.testing.GatewayUnderTest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.zip.GZIPInputStream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Streams of some records only, that end, that are compressed, and over HTTP/2. */
class StreamFormsTest {
    private static final String PASSWORD = "not-a-secret";
    private static final int STREAMS_OF_A_CONNECTION = 40;
    private static final int SHORT_LINES = 2_000;
    private static GatewayUnderTest gateway;
    private static HttpClient client;
    private static HttpClient http2;

    @BeforeAll
    static void start() {
        gateway = GatewayUnderTest.start("millrace.events.heartbeat=200ms", "millrace.events.checkpoint=20ms",
                "millrace.events.tail-long-poll=500ms");
        client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        http2 = HttpClient.newBuilder().version(HttpClient.Version.HTTP_2).build();
    }

    @AfterAll
    static void stop() {
        client.shutdownNow();
        http2.shutdownNow();
        gateway.close();
    }

    @Test
    void only_records_that_match_are_shown_and_the_id_tells_of_the_others() {
        topic("some", 1);
        append("some", "{\"n\":1}", "{\"n\":2}", "{\"n\":3}");
        String id;
        try (var stream = open("/topics/some/events?from=earliest&key=k&where=/n=2")) {
            await().untilAsserted(() -> assertThat(stream.events("caught-up")).hasSize(1));
            assertThat(stream.records()).singleElement().asString().contains("\"offset\":1");
            var shown = stream.events("record").getFirst().lastEventId();
            await().untilAsserted(() -> assertThat(stream.lastEventId()).isNotEqualTo(shown));
            var before = stream.lastEventId();
            append("some", "{\"n\":4}");
            await().untilAsserted(() -> assertThat(stream.lastEventId()).isNotEqualTo(before));
            id = stream.lastEventId();
        }
        append("some", "{\"n\":5}");

        try (var all = SseSubscriber.resume(client, gateway.uri("/topics/some/events"), id)) {
            await().untilAsserted(() -> assertThat(all.records()).singleElement().asString().contains("\"offset\":4"));
        }
    }

    @Test
    void streams_with_different_filters_share_a_reader_and_each_sees_its_own() {
        topic("many", 1);
        try (var even = open("/topics/many/events?where=/even=true");
                var odd = open("/topics/many/events?where=/even=false");
                var all = open("/topics/many/events")) {
            for (var stream : List.of(even, odd, all)) {
                await().untilAsserted(() -> assertThat(stream.events("caught-up")).hasSize(1));
            }
            for (int i = 0; i < 20; i++) {
                append("many", "{\"n\":" + i + ",\"even\":" + (i % 2 == 0) + "}");
            }

            await().untilAsserted(() -> assertThat(all.records()).hasSize(20));
            await().untilAsserted(() -> assertThat(even.records()).hasSize(10).allMatch(data -> data.contains(
                    "\"even\":true")));
            await().untilAsserted(() -> assertThat(odd.records()).hasSize(10).allMatch(data -> data.contains(
                    "\"even\":false")));
        }
    }

    @Test
    void an_answer_with_a_timeout_ends_when_it_has_records_and_is_gone_on_from_its_id() {
        topic("polled", 1);
        append("polled", "1", "2");

        var first = parse(gateway.get("/topics/polled/events?from=earliest&timeout=20000").body());
        append("polled", "3");
        var second = parse(gateway.get("/topics/polled/events?timeout=20000&lastEventId=" + first.lastEventId())
                .body());
        var third = parse(gateway.get("/topics/polled/events?timeout=1&lastEventId=" + second.lastEventId()).body());

        assertThat(first.events("record")).hasSize(2);
        assertThat(second.events("record")).singleElement().extracting(SseParser.Event::data).asString().contains(
                "\"offset\":2");
        assertThat(third.events("record")).isEmpty();
        assertThat(third.lastEventId()).isEqualTo(second.lastEventId());
    }

    @Test
    void a_compressed_stream_arrives_event_by_event_and_ends_as_gzip_does() throws Exception {
        topic("pressed", 1);
        append("pressed", "{\"n\":1}");
        var request = HttpRequest.newBuilder(gateway.uri("/topics/pressed/events?from=earliest")).header(
                "Accept-Encoding", "br, gzip;q=0.5").build();
        var response = client.send(request, BodyHandlers.ofInputStream());
        assertThat(response.headers().firstValue("Content-Encoding")).hasValue("gzip");
        var parser = new SseParser("");
        // Small, so that nothing is waited for that has not been sent.
        try (var in = new GZIPInputStream(response.body(), 1)) {
            readUntil(in, parser, 1);
            for (int i = 2; i < 5; i++) {
                append("pressed", "{\"n\":" + i + "}");
                readUntil(in, parser, i);
            }
        }
        var whole = client.send(HttpRequest.newBuilder(gateway.uri("/topics/pressed/events?from=earliest&timeout=1000"))
                .header("Accept-Encoding", "gzip").build(), BodyHandlers.ofByteArray()).body();
        try (var in = new GZIPInputStream(new ByteArrayInputStream(whole))) {
            assertThat(parse(new String(in.readAllBytes(), UTF_8)).events("record"))
                    .hasSize(4);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"identity", "gzip;q=0", "br"})
    void nothing_is_compressed_that_was_not_asked_for(String encoding) throws Exception {
        topic("plain", 1);

        var response = client.send(HttpRequest.newBuilder(gateway.uri("/topics/plain/events?timeout=1")).header(
                "Accept-Encoding", encoding).build(), BodyHandlers.ofString());

        assertThat(response.headers().firstValue("Content-Encoding")).isEmpty();
        assertThat(response.body()).startsWith("retry: ");
    }

    @Test
    void a_stream_goes_over_http_2_where_the_client_offers_it() {
        topic("second", 1);
        append("second", "1");
        try (var stream = SseSubscriber.open(http2, gateway.uri("/topics/second/events?from=earliest"));
                var another = SseSubscriber.open(http2, gateway.uri("/topics/second/events"))) {
            await().untilAsserted(() -> assertThat(stream.records()).hasSize(1));
            await().untilAsserted(() -> assertThat(another.events("caught-up")).hasSize(1));
            append("second", "2");

            await().untilAsserted(() -> assertThat(stream.records()).hasSize(2));
            await().untilAsserted(() -> assertThat(another.records()).hasSize(1));
            assertThat(stream.response().version()).isEqualTo(HttpClient.Version.HTTP_2);
        }
    }

    @Test
    void the_streams_of_a_connection_over_http_2_hold_up_nothing_else_on_it() throws Exception {
        topic("crowded", 1);
        var streams = new ArrayList<SseSubscriber>();
        try {
            for (int i = 0; i < STREAMS_OF_A_CONNECTION; i++) {
                streams.add(SseSubscriber.open(http2, gateway.uri("/topics/crowded/events")));
            }

            var produced = http2.send(HttpRequest.newBuilder(gateway.uri("/topics/crowded")).timeout(Duration
                    .ofSeconds(30)).POST(BodyPublishers.ofString("{\"records\":[{\"value\":1}]}")).build(),
                    BodyHandlers.ofString());

            assertThat(produced.statusCode()).as(produced.body()).isEqualTo(200);
            assertThat(produced.version()).isEqualTo(HttpClient.Version.HTTP_2);
            for (var stream : streams) {
                await().untilAsserted(() -> assertThat(stream.records()).hasSize(1));
                assertThat(stream.response().version()).isEqualTo(HttpClient.Version.HTTP_2);
            }
        } finally {
            streams.forEach(SseSubscriber::close);
        }
    }

    @Test
    void lines_of_a_frame_each_are_no_misuse_of_http_2() throws Exception {
        topic("short-lines", 1);
        byte[] line = "{\"value\":1}\n".getBytes(UTF_8);
        var first = http2.send(HttpRequest.newBuilder(gateway.uri("/healthy")).build(), BodyHandlers.discarding());
        assertThat(first.version()).isEqualTo(HttpClient.Version.HTTP_2);

        var reported = http2.send(HttpRequest.newBuilder(gateway.uri("/topics/short-lines")).timeout(Duration.ofSeconds(
                30)).header("Content-Type", "application/x-ndjson").POST(BodyPublishers.ofByteArrays(Collections
                        .nCopies(SHORT_LINES, line))).build(), BodyHandlers.ofString());

        assertThat(reported.version()).isEqualTo(HttpClient.Version.HTTP_2);
        assertThat(reported.body().lines()).hasSize(SHORT_LINES).allMatch(report -> report.contains("\"offset\""));
    }

    @ParameterizedTest
    @EnumSource(HttpClient.Version.class)
    void a_stream_goes_over_tls_by_spring_boots_own_settings(HttpClient.Version version, @TempDir Path directory)
            throws Exception {
        var store = keyStore(directory);
        try (var secure = gateway.another("server.ssl.key-store=" + store, "server.ssl.key-store-password=" + PASSWORD);
                var trusting = HttpClient.newBuilder().version(version).sslContext(trusting(store)).build()) {
            topic("secret-" + version, 1);
            append("secret-" + version, "1");
            var uri = URI.create("https://localhost:" + secure.port() + "/topics/secret-" + version
                    + "/events?from=earliest");
            try (var stream = SseSubscriber.open(trusting, uri)) {
                await().untilAsserted(() -> assertThat(stream.records()).hasSize(1));
                append("secret-" + version, "2");

                await().untilAsserted(() -> assertThat(stream.records()).hasSize(2));
                assertThat(stream.response().version()).isEqualTo(version);
            }
            trusting.shutdownNow();
        }
    }

    @Test
    void a_client_that_leaves_is_noticed_though_nothing_is_written() throws Exception {
        try (var quiet = gateway.another("millrace.events.max-streams=1", "millrace.events.heartbeat=1h")) {
            topic("quiet", 1);
            try (var first = SseSubscriber.open(client, quiet.uri("/topics/quiet/events"))) {
                await().untilAsserted(() -> assertThat(first.events("caught-up")).hasSize(1));
            }

            await().untilAsserted(() -> assertThat(quiet.get("/topics/quiet/events?timeout=1").status()).isEqualTo(
                    200));
        }
    }

    @Test
    void a_client_that_breaks_off_while_its_connection_is_taken_gives_its_place_back() throws Exception {
        try (var small = gateway.another("millrace.events.max-streams=1")) {
            topic("hasty", 1);
            for (int i = 0; i < 5; i++) {
                try (var socket = new Socket("127.0.0.1", small.port())) {
                    // The rest of the body is waited for when the request ends.
                    socket.getOutputStream().write(("GET /topics/hasty/events HTTP/1.1\r\nHost: localhost\r\n"
                            + "Content-Length: 10\r\n\r\n12345").getBytes(UTF_8));
                    assertThat(socket.getInputStream().read()).isEqualTo('H');
                }
                await().untilAsserted(() -> assertThat(small.get("/topics/hasty/events?timeout=1").status()).isEqualTo(
                        200));
            }
        }
    }

    @Test
    void a_client_that_goes_on_sending_where_it_has_nothing_to_say_is_cut_off() throws Exception {
        topic("talkative", 1);
        try (var small = gateway.another("millrace.events.max-streams=1", "millrace.events.heartbeat=1h");
                var socket = new Socket("127.0.0.1", small.port())) {
            socket.getOutputStream().write("GET /topics/talkative/events HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(
                    UTF_8));
            assertThat(socket.getInputStream().read()).isEqualTo('H');
            var noise = new byte[8 * 1024];

            await().until(() -> {
                try {
                    socket.getOutputStream().write(noise);
                    return false;
                } catch (IOException e) {
                    return true;
                }
            });

            await().untilAsserted(() -> assertThat(small.get("/topics/talkative/events?timeout=1").status()).isEqualTo(
                    200));
        }
    }

    private static Path keyStore(Path directory) throws Exception {
        var store = directory.resolve("gateway.p12");
        var keytool = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair", "-keyalg", "EC", "-dname", "CN=localhost", "-ext", "SAN=dns:localhost", "-storetype",
                "PKCS12", "-keystore", store.toString(), "-storepass", PASSWORD).inheritIO().start();
        assertThat(keytool.waitFor()).isZero();
        return store;
    }

    private static SSLContext trusting(Path store) throws Exception {
        var keys = KeyStore.getInstance(store.toFile(), PASSWORD.toCharArray());
        var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        var certificates = KeyStore.getInstance("PKCS12");
        certificates.load(null, null);
        certificates.setCertificateEntry("gateway", keys.getCertificate(keys.aliases().nextElement()));
        trust.init(certificates);
        var context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context;
    }

    private static void readUntil(GZIPInputStream in, SseParser parser, int records) throws IOException {
        var buffer = new byte[1];
        while (parser.events("record").size() < records) {
            assertThat(in.read(buffer)).isPositive();
            parser.feed(buffer, 0, 1);
        }
    }

    private static SseParser parse(String body) {
        var parser = new SseParser("");
        var bytes = body.getBytes(UTF_8);
        parser.feed(bytes, 0, bytes.length);
        return parser;
    }

    private static void topic(String name, int partitions) {
        gateway.images.topic(name, partitions);
    }

    private static void append(String topic, String... values) {
        gateway.brokers.append(topic, 0, values);
    }

    private static SseSubscriber open(String path) {
        return SseSubscriber.open(client, gateway.uri(path));
    }
}
