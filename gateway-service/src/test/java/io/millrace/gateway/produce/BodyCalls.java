package io.millrace.gateway.produce;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.millrace.gateway.testing.FakeBroker.Verdict;
import io.millrace.gateway.testing.GatewayUnderTest;
import io.millrace.gateway.testing.GatewayUnderTest.Answer;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Bodies of all kinds, sent to a gateway of the test class's own. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class BodyCalls {
    static final String JSON = "application/vnd.kafka.json.v2+json";
    static final String BINARY = "application/vnd.kafka.binary.v2+json";
    static final String TEXT = "application/vnd.kafka.text.v2+json";
    static final String LINES = "application/x-ndjson";
    static final int MEGABYTE = 1 << 20;
    GatewayUnderTest gateway;
    private int topics;

    @BeforeAll
    void start() {
        gateway = GatewayUnderTest.startOverWire("millrace.producer.buffer-memory=4MB",
                "millrace.produce.max-line-size=100KB", "millrace.produce.stream-window=500KB",
                "millrace.produce.max-streams=8", "millrace.brokers.unknown-topic-grace=20ms");
    }

    @AfterAll
    void stop() {
        gateway.close();
    }

    @AfterEach
    void heal() {
        gateway.broker.onProduce((_, _) -> Verdict.STORE);
        gateway.broker.release();
    }

    String topic(int partitions) {
        String name = "bodies-" + topics++;
        gateway.createTopic(name, partitions);
        return name;
    }

    Answer post(String path, String body, String... headers) {
        return gateway.send("POST", path, body, headers);
    }

    List<JsonNode> reports(Answer answer) {
        return answer.body().lines().map(line -> JsonMapper.shared().readTree(line)).toList();
    }

    static byte[] gzip(InputStream source) {
        var compressed = new ByteArrayOutputStream();
        try (var target = new GZIPOutputStream(compressed)) {
            source.transferTo(target);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return compressed.toByteArray();
    }

    static InputStream repeated(String text, int times) {
        byte[] bytes = text.getBytes(UTF_8);
        return new InputStream() {
            private int round;
            private int at;

            @Override
            public int read() {
                byte[] one = new byte[1];
                return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
            }

            @Override
            public int read(byte[] target, int offset, int length) {
                if (round == times) {
                    return -1;
                }
                int count = Math.min(length, bytes.length - at);
                System.arraycopy(bytes, at, target, offset, count);
                at += count;
                if (at == bytes.length) {
                    at = 0;
                    round++;
                }
                return count;
            }
        };
    }

    static byte[] joined(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    /** Past the head of the answer and the sizes of its chunks. */
    String nextReport(BufferedReader in) throws IOException {
        String line = in.readLine();
        while (line != null && !line.startsWith("{")) {
            line = in.readLine();
        }
        return String.valueOf(line);
    }

    List<String> stored(String topic) {
        return IntStream.range(0, 3).mapToObj(p -> gateway.broker.partition(topic, p).values()).flatMap(List::stream)
                .toList();
    }
}
