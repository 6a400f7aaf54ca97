package io.millrace.broker.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.broker.log.AppendResult;
import io.millrace.broker.log.AppendResult.Appended;
import io.millrace.broker.log.DecompressionBuffers;
import io.millrace.broker.log.KeyLimits;
import io.millrace.broker.log.KeyMemory;
import io.millrace.broker.log.LogOpening;
import io.millrace.broker.log.LogSettings;
import io.millrace.broker.log.PartitionLog;
import io.millrace.broker.log.ReadResult;
import io.millrace.common.metadata.TopicCompression;
import io.millrace.common.metadata.TopicConfig;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.network.TransferableChannel;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.Records;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Writers, readers, fsync and retention on one log at the same time, on real files. */
class ConcurrentLogTest {
    private static final int WRITERS = 3;
    private static final int APPENDS_PER_WRITER = 1_500;
    private static final TopicConfig SMALL_SEGMENTS = new TopicConfig(8_000, 604_800_000L, 0, 1 << 20, 256, 1 << 20,
            TimestampType.CREATE_TIME,
            Long.MAX_VALUE, 3_600_000L, false, true, -1, 60_000, Long.MAX_VALUE, Long.MAX_VALUE, 60_000, 1, false,
            TopicCompression.AS_SENT);

    @TempDir
    private Path root;

    private final AtomicBoolean writing = new AtomicBoolean(true);

    @Test
    void readers_see_every_record_in_order_while_others_write_flush_and_delete() throws Exception {
        PartitionLog log = PartitionLog.open(new DirectoryLogStore(root), SMALL_SEGMENTS, new LogSettings(
                new DecompressionBuffers(), 86_400_000, new KeyLimits(660_000, 1000, new KeyMemory(1 << 27, 1)),
                _ -> {}),
                LogOpening.UNKNOWN,
                System.currentTimeMillis());
        try (ExecutorService threads = Executors.newCachedThreadPool()) { // which are preempted: readers that spin starve virtual ones
            List<Future<?>> writers = new ArrayList<>();
            for (int writer = 0; writer < WRITERS; writer++) {
                int id = writer;
                writers.add(threads.submit(() -> write(log, id)));
            }
            Future<?> transferring = threads.submit(() -> readAll(log, ConcurrentLogTest::transferred));
            Future<?> looking = threads.submit(() -> readAll(log, records -> records));
            Future<?> housekeeping = threads.submit(() -> keepHouse(log));
            for (Future<?> writer : writers) {
                writer.get();
            }
            writing.set(false);
            transferring.get();
            looking.get();
            housekeeping.get();
        }
        log.applyRetention(System.currentTimeMillis());
        assertThat(log.logEndOffset()).isEqualTo((long) WRITERS * APPENDS_PER_WRITER * 2);
        assertThat(log.logStartOffset()).isPositive();
        assertThat(log.failed()).isFalse();
        log.close();
    }

    private static boolean write(PartitionLog log, int writer) {
        for (int i = 0; i < APPENDS_PER_WRITER; i++) {
            long nowMs = System.currentTimeMillis();
            SimpleRecord first = new SimpleRecord(nowMs, value(writer, 2 * i));
            SimpleRecord second = new SimpleRecord(nowMs, value(writer, 2 * i + 1));
            MemoryRecords records = MemoryRecords.withIdempotentRecords(Compression.NONE, writer, (short) 0, 2 * i,
                    first, second);
            AppendResult result = log.appendAsLeader(records, 0, nowMs);
            assertThat(result).isInstanceOf(Appended.class);
            log.advanceHighWatermark(((Appended) result).lastOffset() + 1);
        }
        return true;
    }

    private static byte[] value(int writer, int sequence) {
        return (writer + ":" + sequence).getBytes(StandardCharsets.UTF_8);
    }

    private interface Receiving {
        Records receive(Records records) throws IOException;
    }

    private boolean readAll(PartitionLog log, Receiving receiving) throws IOException {
        int[] nextSequence = new int[WRITERS];
        long next = 0;
        while (writing.get() || next < log.highWatermark()) {
            switch (log.read(next, 3_000, true, log.highWatermark())) {
                case ReadResult.OutOfRange(long start, long _) -> next = start;
                case ReadResult.Data data -> {
                    for (Record record : receiving.receive(data.records()).records()) {
                        if (record.offset() < next) {
                            continue;
                        }
                        assertThat(record.offset()).isEqualTo(next++);
                        String[] parts = StandardCharsets.UTF_8.decode(record.value()).toString().split(":");
                        int writer = Integer.parseInt(parts[0]);
                        assertThat(Integer.parseInt(parts[1])).isGreaterThanOrEqualTo(nextSequence[writer]);
                        nextSequence[writer] = Integer.parseInt(parts[1]) + 1;
                    }
                    Thread.yield();
                }
            }
        }
        return true;
    }

    private boolean keepHouse(PartitionLog log) {
        while (writing.get()) {
            log.flush(log.logEndOffset());
            log.applyRetention(System.currentTimeMillis());
            log.purgeDeleted(System.currentTimeMillis());
            log.firstAtOrAfter(0, log.highWatermark());
        }
        return true;
    }

    private static Records transferred(Records records) throws IOException {
        ByteArrayOutputStream socket = new ByteArrayOutputStream();
        TransferableChannel channel = new MemoryChannel(socket);
        int sent = 0;
        while (sent < records.sizeInBytes()) {
            sent += records.writeTo(channel, sent, records.sizeInBytes() - sent);
        }
        return MemoryRecords.readableRecords(ByteBuffer.wrap(socket.toByteArray()));
    }

    private record MemoryChannel(ByteArrayOutputStream bytes) implements TransferableChannel {
        @Override
        public boolean hasPendingWrites() {
            return false;
        }

        @Override
        public long transferFrom(FileChannel file, long position, long count) throws IOException {
            WritableByteChannel target = Channels.newChannel(bytes);
            return file.transferTo(position, count, target);
        }

        @Override
        public long write(ByteBuffer[] sources, int offset, int length) {
            throw new UnsupportedOperationException("only files are transferred");
        }

        @Override
        public long write(ByteBuffer[] sources) {
            throw new UnsupportedOperationException("only files are transferred");
        }

        @Override
        public int write(ByteBuffer source) throws IOException {
            return Channels.newChannel(bytes).write(source);
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {
            // Memory needs no closing.
        }
    }
}
