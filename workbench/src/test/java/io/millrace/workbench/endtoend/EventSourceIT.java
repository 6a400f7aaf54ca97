package io.millrace.workbench.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.workbench.suite.Suite;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;

/** {@code EventSource} as others have written it: disconnected in the middle of events, it resumes by itself and misses and doubles none. */
@WithSteadySuite
@Order(6)
class EventSourceIT {
    private static final int RECORDS = 300;
    private static final int LIVE = 10;
    /** A small part of what the records come to, compressed, so that every subscriber is cut several times, and mostly in the middle of an event. */
    private static final long BYTES_PER_CONNECTION = 16_000;
    private static final int FEWEST_CUTS = 2;
    /** Random, for these clients ask for compression. */
    private static final int TEXT_BITS = 1000;
    private static final Duration TIMEOUT = Duration.ofSeconds(60);
    private static final String SUBSCRIBER = """
            import { EventSource } from 'eventsource';
            const source = new EventSource(process.argv[2]);
            source.addEventListener('record', event => console.log(JSON.parse(event.data).value.n));
            """;

    private final Suite suite;
    private final Gateway gateway;

    EventSourceIT(Suite suite, Gateway gateway) {
        this.suite = suite;
        this.gateway = gateway;
    }

    @Test
    void a_browser_that_is_disconnected_shows_every_event_once() throws Exception {
        try (var proxy = new CuttingProxy(suite.settings().ports().gateway(), BYTES_PER_CONNECTION);
                var browser = Chromium.start()) {
            produce("browsed", 0, RECORDS);
            var page = browser.page();
            page.navigate(proxy.url() + "/healthy");

            page.evaluate("""
                    globalThis.seen = [];
                    globalThis.source = new EventSource('/topics/browsed/events?from=earliest');
                    source.addEventListener('record', event => seen.push(JSON.parse(event.data).value.n));""");

            page.waitForFunction("count => seen.length >= count", RECORDS);
            produce("browsed", RECORDS, LIVE);
            page.waitForFunction("count => seen.length >= count", RECORDS + LIVE);
            assertThat(page.evaluate("seen")).isEqualTo(all());
            assertThat(proxy.cuts()).isGreaterThanOrEqualTo(FEWEST_CUTS);
        }
    }

    @Test
    void an_npm_client_that_is_disconnected_shows_every_event_once() throws Exception {
        Path module = NodeModules.get();
        produce("noded", 0, RECORDS);
        Path script = Files.writeString(module.resolve("subscriber.mjs"), SUBSCRIBER);
        Path output = module.resolve("seen.txt");
        try (var proxy = new CuttingProxy(suite.settings().ports().gateway(), BYTES_PER_CONNECTION)) {
            Process node = new ProcessBuilder("node", script.toString(), proxy.url()
                    + "/topics/noded/events?from=earliest").directory(module.toFile()).redirectOutput(output.toFile())
                    .redirectError(ProcessBuilder.Redirect.INHERIT).start();
            try {
                await().atMost(TIMEOUT).until(() -> Files.readAllLines(output).size() >= RECORDS);
                produce("noded", RECORDS, LIVE);
                await().atMost(TIMEOUT).until(() -> Files.readAllLines(output).size() >= RECORDS + LIVE);
            } finally {
                node.destroyForcibly().waitFor();
            }
            assertThat(Files.readAllLines(output).stream().map(Integer::valueOf).toList()).isEqualTo(all());
            assertThat(proxy.cuts()).isGreaterThanOrEqualTo(FEWEST_CUTS);
        }
    }

    private void produce(String topic, int from, int count) throws IOException, InterruptedException {
        if (from == 0) {
            gateway.createTopic(topic, 1);
        }
        Random random = new Random(from);
        gateway.produce(topic, IntStream.range(from, from + count).mapToObj(n -> "{\"value\":{\"n\":" + n
                + ",\"text\":\"" + new BigInteger(TEXT_BITS, random).toString(36) + "\"}}").toList());
    }

    private static List<Integer> all() {
        return IntStream.range(0, RECORDS + LIVE).boxed().toList();
    }
}
