package io.millrace.gateway.events;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Collection;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** What is measured of streams. */
final class StreamMeters {
    private final Map<EventStream.End, Counter> closed = new EnumMap<>(EventStream.End.class);
    private final Counter left;
    private final LongAdder writtenBytes = new LongAdder();

    StreamMeters(MeterRegistry registry, Collection<EventStream> open, Feeds feeds, RingBudget budget) {
        Gauge.builder("millrace.streams.open", open, Collection::size).description("Event streams open").register(
                registry);
        Gauge.builder("millrace.streams.tails", feeds, Feeds::tails).description("Partitions read for event streams")
                .register(registry);
        Gauge.builder("millrace.streams.rings", budget, RingBudget::usedBytes).baseUnit("bytes")
                .description("Newest events kept for all streams to share").register(registry);
        FunctionCounter.builder("millrace.streams.written", writtenBytes, LongAdder::sum).baseUnit("bytes")
                .description("Bytes written to event streams").register(registry);
        for (var end : EventStream.End.values()) {
            closed.put(end, counter(registry, end.name().toLowerCase(Locale.ROOT)));
        }
        left = counter(registry, "client_left");
    }

    void closed(EventStream.End end) {
        var counter = closed.get(end);
        if (counter != null) {
            counter.increment();
        }
    }

    void left() {
        left.increment();
    }

    OutputStream counting(OutputStream out) {
        return new FilterOutputStream(out) {
            @Override
            public void write(byte[] bytes, int from, int length) throws IOException {
                out.write(bytes, from, length);
                writtenBytes.add(length);
            }
        };
    }

    private static Counter counter(MeterRegistry registry, String reason) {
        return Counter.builder("millrace.streams.closed").description("Event streams that ended").tag("reason", reason)
                .register(registry);
    }
}
