package io.millrace.workbench.suite;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How one process of the suite is started and recognised as ready.
 *
 * @param name        unique in the suite: {@code postgres}, {@code offset}, {@code broker-0} …
 * @param command     program and arguments
 * @param environment added to the launcher's own
 * @param host        the address to reach it at
 * @param ports       every port it listens on
 * @param http        base URL, or null
 * @param kafka       host and port of its Kafka listener, or null
 * @param readiness   answers 200 when it is ready; null for PostgreSQL
 * @param patience    how long it may take to end when asked to, before it is killed
 */
record ServiceSpec(
        String name,
        List<String> command,
        Map<String, String> environment,
        Path log,
        Path console,
        String host,
        List<Integer> ports,
        @Nullable String http,
        @Nullable String kafka,
        @Nullable URI readiness,
        Duration patience) {
    /** Where it is reached, for a line that tells that it is ready; empty for PostgreSQL. */
    String places() {
        List<String> places = new ArrayList<>();
        if (http != null) {
            places.add(http);
        }
        if (kafka != null) {
            places.add("Kafka on " + kafka);
        }
        return places.isEmpty() ? "" : ": " + String.join(", ", places);
    }
}
