package io.millrace.workbench.endtoend;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.zip.GZIPOutputStream;

/**
 * A request that nobody means well with.
 *
 * @param path     below the gateway
 * @param headers  names and values in turn
 * @param body     that is sent whole; {@code repeated} times in chunks of unknown number where that is more than once
 * @param statuses it may be answered with, besides 503 while there is no memory for it
 */
record Poison(String name, String path, List<String> headers, byte[] body, int repeated, Set<Integer> statuses) {
    private static final int MEGABYTE = 1 << 20;
    private static final String JSON = "application/vnd.kafka.json.v2+json";
    private static final String LINES = "application/x-ndjson";
    private static final Set<Integer> REFUSED = Set.of(400, 413, 422);
    /** Whatever comes of a stream is told in its reports. */
    private static final Set<Integer> REPORTED = Set.of(200, 400, 413);
    private static final String DEEP = "[".repeat(2 * MEGABYTE);
    private static final String LONG_NUMBER = "9".repeat(5 * MEGABYTE);
    private static final String LONG_TEXT = "x".repeat(9 * MEGABYTE);
    private static final String SMALL_OBJECTS = "{},".repeat(MEGABYTE);
    private static final byte[] BOMB = gzip(" ".repeat(MEGABYTE), 64);

    /** What every dialect takes, each with what is worst for it. */
    static List<Poison> all(String topic, String cluster, String instance) {
        var all = new ArrayList<Poison>();
        records(all, "/topics/" + topic);
        events(all, "/topics/" + topic);
        bytes(all, "/topics/" + topic);
        lines(all, "/topics/" + topic);
        v3(all, "/v3/clusters/" + cluster + "/topics/" + topic + "/records");
        objects(all, topic, instance);
        return all;
    }

    private static void records(List<Poison> all, String path) {
        String begin = "{\"records\":[{\"value\":";
        all.add(of("records nested deep", path, JSON, begin + DEEP, REFUSED));
        all.add(of("a name without end", path, JSON, "{\"" + LONG_TEXT, REFUSED));
        all.add(of("a number without end", path, JSON, "{\"records\":[{\"timestamp\":" + LONG_NUMBER, REFUSED));
        all.add(of("a text longer than a record may be", path, JSON, begin + "\"" + LONG_TEXT + "\"}]}", Set.of(200,
                413)));
        all.add(of("a million headers", path, JSON, begin + "1,\"headers\":[" + "{\"key\":\"\"},".repeat(800_000)
                + "{\"key\":\"\"}]}]}", REFUSED));
        all.add(of("millions of records", path, JSON, "{\"records\":[" + SMALL_OBJECTS + "{}]}", REFUSED));
        all.add(of("many small names", path, JSON, begin + "{" + "\"a\":1,".repeat(MEGABYTE) + "\"a\":1}}]}", Set.of(
                200,
                413)));
        all.add(of("wrong base64", path, "application/vnd.kafka.binary.v2+json", begin + "\"" + "*".repeat(5 * MEGABYTE)
                + "\"}]}", REFUSED));
        all.add(new Poison("invalid UTF-8", path, List.of("Content-Type", JSON), (begin + "\"" + "\u00ff".repeat(5
                * MEGABYTE) + "\"}]}").getBytes(ISO_8859_1), 1, REFUSED));
        all.add(new Poison("a zip bomb of records", path, List.of("Content-Type", JSON, "Content-Encoding", "gzip"),
                BOMB, 1, REFUSED));
        all.add(new Poison("endless chunks", path, List.of("Content-Type", JSON), " ".repeat(MEGABYTE).getBytes(UTF_8),
                12, REFUSED));
    }

    private static void events(List<Poison> all, String path) {
        String event = "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\",\"data\":";
        all.add(of("an event nested deep", path, "application/cloudevents+json", event + DEEP, REFUSED));
        all.add(of("an event of many attributes", path, "application/cloudevents+json", "{" + "\"a\":\"b\",".repeat(
                MEGABYTE) + "\"a\":1}", REFUSED));
        all.add(of("millions of events", path, "application/cloudevents-batch+json", "[" + SMALL_OBJECTS + "{}]",
                REFUSED));
    }

    private static void bytes(List<Poison> all, String path) {
        all.add(new Poison("endless bytes", path, List.of("Content-Type", "application/octet-stream"),
                new byte[MEGABYTE],
                12, Set.of(413)));
        all.add(new Poison("a zip bomb of bytes", path, List.of("Content-Type", "text/plain", "Content-Encoding",
                "gzip"), BOMB, 1, Set.of(413)));
    }

    private static void lines(List<Poison> all, String path) {
        all.add(new Poison("a line without end", path, List.of("Content-Type", LINES), "x".repeat(MEGABYTE).getBytes(
                UTF_8), 12, REPORTED));
        all.add(of("a line nested deep", path, LINES, "{\"value\":" + DEEP.substring(0, MEGABYTE) + "\n", REPORTED));
        all.add(of("many bad lines", path, LINES, "{\n".repeat(100_000), REPORTED));
        all.add(new Poison("a zip bomb of lines", path, List.of("Content-Type", LINES, "Content-Encoding", "gzip"),
                BOMB,
                1, REPORTED));
        all.add(new Poison("long lines under a key", path, List.of("Content-Type", LINES, "Idempotency-Key", "poison"),
                ("{\"value\":\"" + "x".repeat(MEGABYTE)).getBytes(UTF_8), 12, REPORTED));
    }

    private static void v3(List<Poison> all, String path) {
        String json = "application/json";
        all.add(of("v3, an object nested deep", path, json, "{\"value\":" + DEEP, REPORTED));
        all.add(of("v3, many objects", path, json, "{}".repeat(20_000), REPORTED));
        all.add(of("v3, an object without end", path, json, "{\"value\":{\"type\":\"STRING\",\"data\":\"" + LONG_TEXT,
                REPORTED));
        all.add(new Poison("v3, many objects under a key", path, List.of("Content-Type", json, "Idempotency-Key",
                "poison-v3"), "{\"a\":1}".repeat(MEGABYTE).getBytes(UTF_8), 1, REFUSED));
        all.add(of("v3, a batch of many", path + ":batch", json, "{\"entries\":[" + SMALL_OBJECTS + "{}]}", REFUSED));
        all.add(of("v3, a batch nested deep", path + ":batch", json, "{\"entries\":[{\"id\":\"1\",\"value\":" + DEEP,
                REFUSED));
    }

    /** Bodies that are made into objects. */
    private static void objects(List<Poison> all, String topic, String instance) {
        String json = "application/json";
        String small = SMALL_OBJECTS.substring(0, MEGABYTE / 2 / 3 * 3);
        all.add(of("a topic nested deep", "/admin/topics", json, "{\"topic_name\":" + DEEP.substring(0, MEGABYTE / 2),
                REFUSED));
        all.add(of("a topic named long", "/admin/topics", json, "{\"topic_name\":\"" + "x".repeat(MEGABYTE / 2) + "\"}",
                REFUSED));
        all.add(of("a topic of many settings", "/v3/clusters/x/topics", json, "{\"configs\":[" + small + "{}]}", Set.of(
                400, 404, 413, 422)));
        all.add(of("many offsets", instance + "/offsets", json, "{\"offsets\":[" + small + "{}]}", Set.of(400, 404, 413,
                422)));
        all.add(of("a commit larger than one may be", instance + "/offsets", json, "{\"offsets\":[" + SMALL_OBJECTS
                + "{}]}", Set.of(413)));
        all.add(of("many partitions of " + topic, instance + "/assignments", json, "{\"partitions\":[" + small + "{}]}",
                Set.of(400, 404, 409, 413, 422)));
    }

    private static Poison of(String name, String path, String type, String body, Set<Integer> statuses) {
        return new Poison(name, path, List.of("Content-Type", type), body.getBytes(UTF_8), 1, statuses);
    }

    private static byte[] gzip(String text, int times) {
        var compressed = new ByteArrayOutputStream();
        try (var target = new GZIPOutputStream(compressed)) {
            byte[] bytes = text.getBytes(UTF_8);
            for (int i = 0; i < times; i++) {
                target.write(bytes);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return compressed.toByteArray();
    }
}
