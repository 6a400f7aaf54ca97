package io.millrace.common.wire;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.apache.kafka.common.protocol.ApiKeys;

/** What a {@link WireServer} has done since it started. */
public final class WireServerCounters {
    private final LongAdder bytesIn = new LongAdder();
    private final LongAdder bytesOut = new LongAdder();
    private final LongAdder accepted = new LongAdder();
    private final AtomicInteger open = new AtomicInteger();
    private final LongAdder[] requests = adders(ApiKeys.values().length);
    private final LongAdder[] closed = adders(CloseReason.values().length);

    WireServerCounters() {}

    private static LongAdder[] adders(int count) {
        LongAdder[] adders = new LongAdder[count];
        for (int i = 0; i < count; i++) {
            adders[i] = new LongAdder();
        }
        return adders;
    }

    public long bytesIn() {
        return bytesIn.sum();
    }

    public long bytesOut() {
        return bytesOut.sum();
    }

    public long connectionsAccepted() {
        return accepted.sum();
    }

    public int connectionsOpen() {
        return open.get();
    }

    public long requests(ApiKeys key) {
        return requests[key.ordinal()].sum();
    }

    public long closed(CloseReason reason) {
        return closed[reason.ordinal()].sum();
    }

    void read(long bytes) {
        bytesIn.add(bytes);
    }

    void wrote(long bytes) {
        bytesOut.add(bytes);
    }

    void request(ApiKeys key) {
        requests[key.ordinal()].increment();
    }

    void opened() {
        accepted.increment();
        open.incrementAndGet();
    }

    void closedOpen(CloseReason reason) {
        open.decrementAndGet();
        closed[reason.ordinal()].increment();
    }

    void refused() {
        accepted.increment();
        closed[CloseReason.TOO_MANY_CONNECTIONS.ordinal()].increment();
    }
}
