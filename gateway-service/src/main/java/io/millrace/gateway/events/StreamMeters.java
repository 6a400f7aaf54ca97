package io.millrace.gateway.events;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.gateway.events.LiveStream.End;
import java.io.IOException;
import java.util.Collection;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** What is measured of streams. */
final class StreamMeters {
    private final Map<End, Counter> closed = new EnumMap<>(End.class);
    private final Counter left;
    private final LongAdder writtenBytes = new LongAdder();

    StreamMeters(MeterRegistry registry, Collection<LiveStream> open) {
        Gauge.builder("millrace.streams.open", open, Collection::size).description("Event streams open").register(
                registry);
        FunctionCounter.builder("millrace.streams.written", writtenBytes, LongAdder::sum).baseUnit("bytes")
                .description("Bytes written to event streams").register(registry);
        for (var end : End.values()) {
            closed.put(end, counter(registry, end.name().toLowerCase(Locale.ROOT)));
        }
        left = counter(registry, "client_left");
    }

    static void ofFeeds(MeterRegistry registry, Feeds feeds) {
        Gauge.builder("millrace.streams.tails", feeds, Feeds::tails).description("Partitions read for event streams")
                .register(registry);
    }

    void closed(End end) {
        var counter = closed.get(end);
        if (counter != null) {
            counter.increment();
        }
    }

    void left() {
        left.increment();
    }

    /** The same line; what goes over it is counted. */
    ClientLine counting(ClientLine client) {
        return new Counting(client);
    }

    private static Counter counter(MeterRegistry registry, String reason) {
        return Counter.builder("millrace.streams.closed").description("Event streams that ended").tag("reason", reason)
                .register(registry);
    }

    private final class Counting implements ClientLine {
        private final ClientLine client;

        private Counting(ClientLine client) {
            this.client = client;
        }

        @Override
        public void write(byte[] bytes, int length) throws IOException {
            client.write(bytes, length);
            writtenBytes.add(length);
        }

        @Override
        public void flush() throws IOException {
            client.flush();
        }

        @Override
        public void finish() throws IOException {
            client.finish();
        }

        @Override
        public void cutOff() {
            client.cutOff();
        }

        @Override
        public boolean hasLeft() {
            return client.hasLeft();
        }

        @Override
        public boolean tellsDeparture() {
            return client.tellsDeparture();
        }

        @Override
        public boolean hasLost() {
            return client.hasLost();
        }
    }
}
