package io.millrace.broker.replication.simulation;

import io.millrace.common.record.RequestKey;
import java.nio.ByteBuffer;
import java.util.stream.IntStream;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;

/**
 * Sends one batch after the other. With acks=all it is idempotent and repeats a batch until it is acknowledged, wherever the leader is by then; with
 * acks=1 it sends each once and does not care. A gateway's client sends each batch under a key of its own, and now and then again although it was
 * acknowledged.
 */
final class SimulatedProducer {
    private static final int VALUES_PER_PRODUCER = 1 << 20;
    private static final long RETRY_MICROS = 20_000;
    private static final long TIMEOUT_MICROS = 60_000;
    private static final int LARGEST_BATCH = 3;

    enum Kind {
        ACKS_ONE, IDEMPOTENT, UNDER_KEYS
    }

    private final Cluster cluster;
    private final int number;
    private final Kind kind;
    private final ClientMetadata metadata;
    private int nextValue;
    private int count;
    private int attempt;
    private boolean stopped;
    private boolean busy;

    SimulatedProducer(Cluster cluster, int number, Kind kind) {
        this.cluster = cluster;
        this.number = number;
        this.kind = kind;
        this.metadata = new ClientMetadata(cluster);
    }

    static int producerOf(int value) {
        return value / VALUES_PER_PRODUCER;
    }

    void begin() {
        busy = !stopped;
        if (stopped) {
            return;
        }
        count = 1 + cluster.random().nextInt(LARGEST_BATCH);
        if (acksAll()) {
            for (int i = 0; i < count; i++) {
                cluster.history().idempotent(firstValue() + i);
            }
        }
        send();
    }

    /** Begins no further batch. */
    void stop() {
        stopped = true;
    }

    boolean isBusy() {
        return busy || !stopped;
    }

    private boolean acksAll() {
        return kind != Kind.ACKS_ONE;
    }

    private int firstValue() {
        return number * VALUES_PER_PRODUCER + nextValue;
    }

    private void send() {
        int sent = ++attempt;
        MemoryRecords records = records();
        int first = firstValue();
        int size = count;
        SimulatedBroker target = metadata.leader();
        if (target != null) {
            cluster.network().fromClient(target.id(), () -> target.produce(records, acksAll(), first, size,
                    error -> cluster.network().toClient(target.id(), () -> answered(sent, error))));
        }
        cluster.scheduler().after(TIMEOUT_MICROS, () -> retry(sent));
    }

    private MemoryRecords records() {
        SimpleRecord[] records = IntStream.range(0, count).mapToObj(i -> new SimpleRecord(Cluster.WALL_CLOCK_MS, null,
                ByteBuffer.allocate(4).putInt(0, firstValue() + i).array())).toArray(SimpleRecord[]::new);
        return switch (kind) {
            case ACKS_ONE -> MemoryRecords.withRecords(Compression.NONE, records);
            case IDEMPOTENT -> MemoryRecords.withIdempotentRecords(Compression.NONE, number, (short) 0, nextValue,
                    records);
            case UNDER_KEYS -> MemoryRecords.withIdempotentRecords(Compression.NONE, RequestKey.of(Cluster.TOPIC, "key "
                    + firstValue()).producerId(), RequestKey.PRODUCER_EPOCH, Integer.MAX_VALUE - firstValue(), records);
        };
    }

    private void answered(int toAttempt, Errors error) {
        if (toAttempt != attempt) {
            return;
        }
        // One batch at a time, each after the one before was acknowledged: every next sequence follows the last one.
        Invariant.holds(error != Errors.OUT_OF_ORDER_SEQUENCE_NUMBER, "producer %d is out of order at %d", number,
                nextValue);
        if (error == Errors.NONE && kind == Kind.UNDER_KEYS && cluster.random().nextInt(3) == 0) {
            send();
        } else if (error == Errors.NONE) {
            next();
        } else {
            cluster.scheduler().after(RETRY_MICROS, () -> retry(toAttempt));
        }
    }

    private void retry(int afterAttempt) {
        if (afterAttempt == attempt) {
            if (acksAll()) {
                send();
            } else {
                next();
            }
        }
    }

    private void next() {
        attempt++;
        nextValue += count;
        cluster.scheduler().after(cluster.random().nextInt(40_000), this::begin);
    }
}
