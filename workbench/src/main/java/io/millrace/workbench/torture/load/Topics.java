package io.millrace.workbench.torture.load;

import io.millrace.workbench.torture.check.Place;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** What is written to and read from. */
public final class Topics {
    public static final int PARTITIONS = 6;
    /** Written over Kafka's protocol. */
    public static final String KAFKA = "torture-kafka";
    /** Written over HTTP. */
    public static final String HTTP = "torture-http";
    public static final short REPLICATION_FACTOR = 3;
    public static final List<String> ALL = List.of(KAFKA, HTTP);
    /** Enough that each partition has some. */
    private static final int KEYS = 60;

    private Topics() {}

    public static List<Place> places() {
        return ALL.stream().flatMap(Topics::places).toList();
    }

    static Stream<Place> places(String topic) {
        return IntStream.range(0, PARTITIONS).mapToObj(partition -> new Place(topic, partition));
    }

    static String key(long sequence) {
        return "key-" + sequence % KEYS;
    }

    /** A record's key or value as JSON, so that it is read over either protocol. */
    static String quoted(Object write) {
        return "\"" + write + "\"";
    }
}
