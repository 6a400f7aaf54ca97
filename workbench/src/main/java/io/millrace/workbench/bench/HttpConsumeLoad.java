package io.millrace.workbench.bench;

import io.millrace.workbench.suite.LaunchRefusedException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/** JSON records read through one HTTP consumer instance, poll after poll. */
final class HttpConsumeLoad {
    private static final String METADATA = "application/vnd.kafka.v2+json";
    private static final byte[] RECORD_MARK = "\"offset\":".getBytes(StandardCharsets.US_ASCII);
    private static final int MAX_BYTES = 8 << 20;
    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    private final String gateway;
    private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    HttpConsumeLoad(String gateway) {
        this.gateway = gateway;
    }

    /** Puts records of some hundred bytes of JSON into a topic, by Kafka's protocol. */
    static void fill(String bootstrapServers, String topic, int records) {
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", bootstrapServers, "linger.ms", 5), new StringSerializer(),
                new StringSerializer())) {
            for (int record = 0; record < records; record++) {
                producer.send(new ProducerRecord<>(topic, "\"user-" + record % 1_000 + "\"", "{\"orderId\":" + record
                        + ",\"amount\":99.95,\"currency\":\"EUR\",\"items\":[\"a\",\"b\",\"c\"]}"));
            }
        }
    }

    /** Answers records a second, from the first record's poll to the last's. */
    Figures run(String topic, String group, int records) throws IOException, InterruptedException {
        String instance = "/consumers/" + group + "/instances/bench";
        post("/consumers/" + group,
                "{\"name\":\"bench\",\"format\":\"json\",\"auto.offset.reset\":\"earliest\",\"enable.auto.commit\":false}");
        post(instance + "/subscription", "{\"topics\":[\"" + topic + "\"]}");
        HttpRequest poll = HttpRequest.newBuilder(
                URI.create(gateway + instance + "/records?timeout=1000&max_bytes=" + MAX_BYTES))
                .header("Accept", HttpProduceLoad.CONTENT_TYPE).timeout(TIMEOUT).build();
        long deadline = System.nanoTime() + TIMEOUT.toNanos();
        long counted = 0;
        long bytes = 0;
        long startedNanos = System.nanoTime();
        while (counted < records) {
            long sentNanos = System.nanoTime();
            HttpResponse<byte[]> answer = http.send(poll, HttpResponse.BodyHandlers.ofByteArray());
            if (answer.statusCode() != 200 || System.nanoTime() - deadline > 0) {
                throw new LaunchRefusedException("reading " + topic + " over HTTP: status " + answer.statusCode()
                        + " after " + counted + " of " + records + " records");
            }
            int inPoll = count(answer.body());
            if (counted == 0 && inPoll > 0) {
                startedNanos = sentNanos; // the group has settled
            }
            counted += inPoll;
            bytes += answer.body().length;
        }
        double seconds = (System.nanoTime() - startedNanos) / 1e9;
        http.send(HttpRequest.newBuilder(URI.create(gateway + instance)).DELETE().build(),
                HttpResponse.BodyHandlers.discarding());
        return new Figures(counted / seconds, Map.of("MB/s", bytes / seconds / (1 << 20)));
    }

    private void post(String path, String body) throws IOException, InterruptedException {
        HttpResponse<String> answer = http.send(HttpRequest.newBuilder(URI.create(gateway + path))
                .header("Content-Type", METADATA).POST(HttpRequest.BodyPublishers.ofString(body)).build(),
                HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() / 100 != 2) {
            throw new LaunchRefusedException("POST " + path + ": " + answer.statusCode() + " " + answer.body());
        }
    }

    /** Each record of the answer has one offset, and the values of this load have no such field. */
    private static int count(byte[] body) {
        int count = 0;
        for (int at = 0; at <= body.length - RECORD_MARK.length; at++) {
            if (body[at] == RECORD_MARK[0] && matches(body, at)) {
                count++;
                at += RECORD_MARK.length - 1;
            }
        }
        return count;
    }

    private static boolean matches(byte[] body, int from) {
        for (int offset = 1; offset < RECORD_MARK.length; offset++) {
            if (body[from + offset] != RECORD_MARK[offset]) {
                return false;
            }
        }
        return true;
    }
}
