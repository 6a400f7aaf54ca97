package io.millrace.gateway.edge;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.gateway.producer.Producer;
import io.millrace.gateway.testing.GatewayUnderTest;
import io.millrace.gateway.testing.GatewayUnderTest.Answer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Clients wait for minutes here, and so may the shutdown: what ends sooner was ended. */
class ShutdownTest {
    private static final String MINUTES_MS = "240000";
    private static GatewayUnderTest staying;

    @BeforeAll
    static void start() {
        staying = GatewayUnderTest.start();
    }

    @AfterAll
    static void stop() {
        staying.close();
    }

    private static GatewayUnderTest stopping() {
        return staying.another("spring.lifecycle.timeout-per-shutdown-phase=5m", "millrace.read.max-timeout=5m",
                "millrace.consumers.heartbeat=2m", "millrace.producer.delivery-timeout=5m",
                "millrace.brokers.older-leader-patience=5m");
    }

    @Test
    void a_read_that_waits_is_answered_empty() {
        staying.images.topic("quiet-read", 2);
        try (var gateway = stopping()) {
            var answer = inBackground(gateway, "/topics/quiet-read/partitions/0/records?offset=0&timeout="
                    + MINUTES_MS);
            await().until(() -> staying.brokers.fetches("quiet-read") > 0);

            gateway.stop();

            assertEmpty(answer);
        }
    }

    @Test
    void a_poll_that_waits_for_several_leaders_is_answered_empty() {
        staying.images.topic("quiet-poll", 2);
        try (var gateway = stopping()) {
            subscribe(gateway, "pollers", "quiet-poll");
            var answer = inBackground(gateway, "/consumers/pollers/instances/one/records?timeout=" + MINUTES_MS);
            await().until(() -> staying.brokers.fetches("quiet-poll") > 2);

            gateway.stop();

            assertEmpty(answer);
        }
    }

    @Test
    void a_poll_whose_leaders_are_gone_is_answered_empty() {
        staying.images.topic("lost-poll", 2);
        staying.images.leaderless("lost-poll", true);
        try (var gateway = stopping()) {
            subscribe(gateway, "losers", "lost-poll");
            int before = staying.services.polls();
            var answer = inBackground(gateway, "/consumers/losers/instances/one/records?timeout=" + MINUTES_MS);
            await().until(() -> staying.services.polls() > before);

            gateway.stop();

            assertEmpty(answer);
        }
    }

    @Test
    void a_stream_of_lines_whose_client_is_silent_is_told_to_go_on_elsewhere() throws IOException {
        staying.images.topic("silent", 1);
        try (var gateway = stopping();
                var client = new Socket("127.0.0.1", gateway.port());
                var mute = new Socket("127.0.0.1", gateway.port())) {
            String head = "POST /topics/silent HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson"
                    + "\r\nTransfer-Encoding: chunked\r\n\r\n";
            client.setSoTimeout(60_000);
            mute.setSoTimeout(60_000);
            mute.getOutputStream().write(head.getBytes(UTF_8));
            client.getOutputStream().write((head + "c\r\n{\"value\":1}\n\r\n").getBytes(UTF_8));
            var answer = new BufferedReader(new InputStreamReader(client.getInputStream(), UTF_8));
            assertThat(answer.lines().filter(line -> line.startsWith("{")).findFirst()).contains(
                    "{\"partition\":0,\"offset\":0}");
            Thread stop = Thread.startVirtualThread(gateway::stop);

            assertThat(answer.lines().takeWhile(line -> !line.equals("0"))).anyMatch(line -> line.startsWith(
                    "{\"error_code\":503,"));
            assertThat(new BufferedReader(new InputStreamReader(mute.getInputStream(), UTF_8)).lines().takeWhile(
                    line -> !line.startsWith("{"))).anyMatch(line -> line.startsWith("HTTP/1.1 503")).contains(
                            "Retry-After: 1");

            client.shutdownOutput();
            mute.shutdownOutput();
            await().until(() -> !stop.isAlive());
        }
    }

    @Test
    void a_v3_stream_whose_client_is_silent_is_told_to_go_on_elsewhere() throws IOException {
        staying.images.topic("silent-v3", 1);
        try (var gateway = stopping();
                var client = new Socket("127.0.0.1", gateway.port());
                var mute = new Socket("127.0.0.1", gateway.port())) {
            var head = "POST /v3/clusters/fake/topics/silent-v3/records HTTP/1.1\r\nHost: x\r\nContent-Type: application/json"
                    + "\r\nTransfer-Encoding: chunked\r\n\r\n";
            client.setSoTimeout(60_000);
            mute.setSoTimeout(60_000);
            mute.getOutputStream().write(head.getBytes(UTF_8));
            client.getOutputStream().write((head + "2\r\n{}\r\n").getBytes(UTF_8));
            var answer = new BufferedReader(new InputStreamReader(client.getInputStream(), UTF_8));
            assertThat(answer.lines().filter(line -> line.startsWith("{")).findFirst().orElseThrow()).contains(
                    "\"error_code\":200");
            Thread stop = Thread.startVirtualThread(gateway::stop);

            assertThat(answer.lines().takeWhile(line -> !line.equals("0"))).anyMatch(line -> line.startsWith(
                    "{\"error_code\":50302,"));
            assertThat(new BufferedReader(new InputStreamReader(mute.getInputStream(), UTF_8)).lines().takeWhile(
                    line -> !line.startsWith("{"))).anyMatch(line -> line.startsWith("HTTP/1.1 503"));
            client.shutdownOutput();
            mute.shutdownOutput();
            await().until(() -> !stop.isAlive());
        }
    }

    @Test
    void whoever_waits_is_answered_and_the_gateway_ends() {
        staying.images.topic("quiet", 2);
        staying.images.topic("lost", 1);
        staying.images.leaderless("lost", true);
        try (var gateway = stopping()) {
            var stream = inBackground(gateway, "/topics/quiet/events");
            await().until(() -> staying.brokers.fetches("quiet") > 0);
            int fetchesBefore = staying.brokers.fetches("quiet");
            var read = inBackground(gateway, "/topics/quiet/partitions/0/records?offset=0&timeout=" + MINUTES_MS);
            await().until(() -> staying.brokers.fetches("quiet") > fetchesBefore);
            subscribe(gateway, "all", "quiet");
            int pollsBefore = staying.services.polls();
            var poll = inBackground(gateway, "/consumers/all/instances/one/records?timeout=" + MINUTES_MS);
            await().until(() -> staying.services.polls() > pollsBefore);
            var produce = CompletableFuture.supplyAsync(() -> gateway.send("POST", "/topics/lost",
                    "{\"records\":[{\"value\":1}]}"), Thread::startVirtualThread);
            await().until(() -> gateway.bean(Producer.class).bufferedBytes() > 0);

            gateway.stop();

            assertEmpty(read);
            assertEmpty(poll);
            assertThat(stream.orTimeout(60, TimeUnit.SECONDS).join().status()).isEqualTo(200);
            var refused = produce.orTimeout(60, TimeUnit.SECONDS).join();
            assertThat(refused.status()).isEqualTo(503);
            assertThat(refused.header("Retry-After")).isNotEmpty();
            assertThat(refused.json().get("code").asString()).isEqualTo("UNAVAILABLE");
        }
    }

    private static void subscribe(GatewayUnderTest gateway, String group, String topic) {
        assertThat(gateway.send("POST", "/consumers/" + group,
                "{\"name\":\"one\",\"format\":\"json\",\"auto.offset.reset\":\"earliest\"}").status())
                .isEqualTo(200);
        assertThat(gateway.send("POST", "/consumers/" + group + "/instances/one/subscription", "{\"topics\":[\"" + topic
                + "\"]}").status()).isEqualTo(204);
    }

    private static CompletableFuture<Answer> inBackground(GatewayUnderTest gateway, String path) {
        return CompletableFuture.supplyAsync(() -> gateway.send("GET", path, null), Thread::startVirtualThread);
    }

    private static void assertEmpty(CompletableFuture<Answer> answer) {
        var response = answer.orTimeout(60, TimeUnit.SECONDS).join();
        assertThat(response.status()).isEqualTo(200);
        assertThat(response.body()).isEqualTo("[]");
    }
}
