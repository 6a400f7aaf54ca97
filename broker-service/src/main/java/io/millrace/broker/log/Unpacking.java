package io.millrace.broker.log;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.RecordBatch;

/**
 * What the records of a compressed batch unpack to, piece by piece. 64 KB of zstd may stand for gigabytes: there is a {@linkplain #maxBytes bound},
 * others get their turn in between, and only a few that got large are unpacked at once, since a codec keeps up to 128 MiB of them.
 */
final class Unpacking extends InputStream {
    /** Any batch may unpack to as much. */
    static final long MAX_BYTES = 64L << 20;
    /** A batch may unpack to so many times its size where that is more. */
    static final long MAX_RATIO = 100;
    /** Afterwards it is a large one, and others have a turn. */
    private static final int LARGE_BYTES = 1 << 20;

    /** The bound was reached. */
    static final class TooLarge extends IOException {
        private static final long serialVersionUID = 1L;

        TooLarge(long maxBytes) {
            super("the batch unpacks to more than " + maxBytes + " bytes");
        }
    }

    private final InputStream source;
    private final DecompressionBuffers buffers;
    private final long maxBytes;
    private long bytes;
    private long untilTurn = LARGE_BYTES;
    private boolean large;

    private Unpacking(InputStream source, DecompressionBuffers buffers, long maxBytes) {
        this.source = source;
        this.buffers = buffers;
        this.maxBytes = maxBytes;
    }

    /**
     * Begins to unpack.
     *
     * @param records    a batch's, without its header
     * @param sizeBytes  the batch's
     * @param lent       the caller's until it closed this
     */
    static Unpacking open(ByteBuffer records, int compressionId, int sizeBytes, DecompressionBuffers buffers,
            DecompressionBuffers.Lent lent) throws IOException {
        if (compressionId == CompressionType.SNAPPY.id && !SnappyFrames.arePlausible(records)) {
            throw new IOException("a snappy block declares a size that it cannot have");
        }
        Compression codec = Compression.of(CompressionType.forId(compressionId)).build();
        return new Unpacking(codec.wrapForInput(records, RecordBatch.MAGIC_VALUE_V2, lent.supplier), buffers, maxBytes(
                sizeBytes));
    }

    /** What a batch of a size may unpack to. */
    static long maxBytes(int sizeBytes) {
        return Math.max(MAX_BYTES, sizeBytes * MAX_RATIO);
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) <= 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int from, int length) throws IOException {
        if (untilTurn <= 0) {
            takeTurn();
        }
        int read = source.read(target, from, length);
        if (read > 0) {
            bytes += read;
            untilTurn -= read;
            if (bytes > maxBytes) {
                throw new TooLarge(maxBytes);
            }
        }
        return read;
    }

    private void takeTurn() {
        if (!large) {
            buffers.large().acquireUninterruptibly();
            large = true;
        }
        buffers.othersTurn().run();
        untilTurn = LARGE_BYTES;
    }

    @Override
    public void close() throws IOException {
        try {
            source.close();
        } finally {
            if (large) {
                buffers.large().release();
                large = false;
            }
        }
    }
}
