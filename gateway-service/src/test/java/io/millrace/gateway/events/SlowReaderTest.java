package io.millrace.gateway.events;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.gateway.testing.GatewayUnderTest;
import java.io.ByteArrayOutputStream;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class SlowReaderTest {
    private static final int SUBSCRIBERS = 1_000;
    /** What one connection holds of an honest reader that is not given a processor for a while, and not of one with small buffers. */
    private static final int RECORDS = 100;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @Test
    void one_that_reads_a_byte_a_second_is_cut_off_and_a_thousand_others_get_everything() throws Exception {
        var settings = new String[]{"millrace.events.max-lag=64KB", "millrace.events.write-timeout=1s",
                "millrace.events.send-buffer=16KB"};
        var done = new CountDownLatch(1);
        var dripped = new ByteArrayOutputStream();
        var others = new ArrayList<SseSubscriber>();
        try (var gateway = GatewayUnderTest.start(settings);
                var client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
            gateway.images.topic("drip", 1);
            var uri = gateway.uri("/topics/drip/events");
            try (var slow = new StalledClient(gateway.port(), "/topics/drip/events")) {
                slow.awaitHeaders();
                var dripping = slow.drip(done, dripped);
                for (int i = 0; i < SUBSCRIBERS; i++) {
                    others.add(SseSubscriber.open(client, uri));
                }
                await().atMost(PATIENCE).until(() -> others.stream().noneMatch(each -> each.lastEventId().isEmpty()));

                for (int i = 0; i < RECORDS; i++) {
                    gateway.brokers.append("drip", 0, "{\"n\":" + i + ",\"text\":\"" + "x".repeat(250) + "\"}");
                }

                await().atMost(PATIENCE).until(() -> others.stream().allMatch(each -> each.events("record")
                        .size() == RECORDS));
                var first = others.getFirst().records();
                assertThat(others).allSatisfy(each -> assertThat(each.records()).isEqualTo(first));
                // Before that, the others had only been quicker.
                await().atMost(PATIENCE).until(() -> closed(gateway) == 1);
                done.countDown();
                dripping.join();
                var parser = slow.readToTheEnd(dripped.toByteArray());
                List<String> seen = new ArrayList<>(parser.events("record").stream().map(SseParser.Event::data)
                        .toList());
                assertThat(seen).hasSizeLessThan(RECORDS);
                try (var resumed = SseSubscriber.resume(client, uri, parser.lastEventId())) {
                    await().atMost(PATIENCE).until(() -> resumed.records().size() == RECORDS - seen.size());
                    seen.addAll(resumed.records());
                }
                assertThat(seen).isEqualTo(first);
            } finally {
                others.forEach(SseSubscriber::close);
                client.shutdownNow();
            }
        }
    }

    private static double closed(GatewayUnderTest gateway) {
        return gateway.bean(MeterRegistry.class).find("millrace.streams.closed").counters().stream().mapToDouble(
                Counter::count).sum();
    }
}
