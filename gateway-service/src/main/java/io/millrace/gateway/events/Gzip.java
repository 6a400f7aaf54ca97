package io.millrace.gateway.events;

import jakarta.servlet.http.HttpServletRequest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/**
 * Streams as gzip (RFC 1952). Each write is compressed by itself and ends at a byte with nothing carried over (zlib's full flush), so that
 * it arrives at once, what streams share is compressed once for all of them, and a subscriber costs no compressor's window of 256 KB. The
 * price is that events do not share their repetitions unless they are written together.
 */
final class Gzip {
    /** Compressors kept for the next who needs one. */
    private static final int IDLE_DEFLATERS = 16;
    private static final int CHUNK_BYTES = 4096;
    /** No name, no time, an unknown system. */
    private static final byte[] HEADER = {0x1f, (byte) 0x8b, Deflater.DEFLATED, 0, 0, 0, 0, 0, 0, (byte) 0xff};
    /** A last block without content. */
    private static final byte[] LAST_BLOCK = {3, 0};

    private final ArrayBlockingQueue<Deflater> idle = new ArrayBlockingQueue<>(IDLE_DEFLATERS);

    /** Whether the client wants it: {@code gzip} in {@code Accept-Encoding}, unless with the weight zero. */
    static boolean isAccepted(HttpServletRequest request) {
        var accepted = request.getHeader("Accept-Encoding");
        if (accepted == null) {
            return false;
        }
        for (var coding : accepted.split(",")) {
            var parts = coding.trim().split("\\s*;\\s*", 2);
            if (parts[0].equalsIgnoreCase("gzip")) {
                return parts.length == 1 || !parts[1].matches("[qQ]=0(\\.0*)?");
            }
        }
        return false;
    }

    ClientLine over(ClientLine client) {
        return new Line(client);
    }

    /** The bytes as part of a deflate stream (RFC 1951). */
    byte[] compress(byte[] bytes, int length) {
        var pooled = idle.poll();
        var deflater = pooled == null ? new Deflater(Deflater.DEFAULT_COMPRESSION, true) : pooled;
        deflater.setInput(bytes, 0, length);
        var compressed = new ByteArrayOutputStream(Math.max(64, length / 4));
        var chunk = new byte[Math.min(CHUNK_BYTES, length + 64)];
        int written = chunk.length;
        while (written == chunk.length) {
            written = deflater.deflate(chunk, 0, chunk.length, Deflater.FULL_FLUSH);
            compressed.write(chunk, 0, written);
        }
        deflater.reset();
        if (!idle.offer(deflater)) {
            deflater.end();
        }
        return compressed.toByteArray();
    }

    private final class Line implements ClientLine {
        private final ClientLine client;
        private final CRC32 crc = new CRC32();
        private long sizeBytes;
        private boolean begun;

        private Line(ClientLine client) {
            this.client = client;
        }

        @Override
        public void write(byte[] bytes, int length) throws IOException {
            write(bytes, length, compress(bytes, length));
        }

        @Override
        public void writeShared(FeedEntry.Content content) throws IOException {
            write(content.blocks(), content.blocks().length, content.compressed(Gzip.this));
        }

        private void write(byte[] bytes, int length, byte[] compressed) throws IOException {
            begin();
            crc.update(bytes, 0, length);
            sizeBytes += length;
            client.write(compressed, compressed.length);
        }

        private void begin() throws IOException {
            if (!begun) {
                begun = true;
                client.write(HEADER, HEADER.length);
            }
        }

        @Override
        public void flush() throws IOException {
            client.flush();
        }

        @Override
        public void finish() throws IOException {
            begin();
            client.write(LAST_BLOCK, LAST_BLOCK.length);
            var trailer = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putInt((int) crc.getValue()).putInt(
                    (int) sizeBytes).array();
            client.write(trailer, trailer.length);
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
