package io.millrace.common.record;

import java.io.IOException;
import java.io.InputStream;

/**
 * Decompresses a batch at a time, into an array that is kept from batch to batch. How long a batch gets is not known before: the array
 * grows up to a size that few exceed; of one that does the size is found out first, so that no more is taken than it needs.
 */
final class BatchUnpacker {
    private static final int LEAST_BYTES = 4 * 1024;
    private static final int GROWN_BYTES = 4 * 1024 * 1024;
    private static final int USUAL_RATIO = 4;
    private static final int SCRATCH_BYTES = 8 * 1024;
    private static final byte[] NOTHING = {};

    private final BatchMemory memory;
    private byte[] bytes = NOTHING;
    private int length;

    BatchUnpacker(BatchMemory memory) {
        this.memory = memory;
    }

    /** Begins to decompress the batch, each time from its first record. */
    @FunctionalInterface
    interface Source {
        InputStream open() throws IOException;
    }

    /** What was unpacked last, up to {@link #length}. */
    byte[] bytes() {
        return bytes;
    }

    int length() {
        return length;
    }

    /**
     * @param limitBytes greatest length
     * @return false when there is no memory for it
     * @throws IOException if it is longer, or does not decompress
     */
    boolean unpack(Source source, int compressedBytes, int limitBytes) throws IOException {
        int usualBytes = Math.clamp((long) compressedBytes * USUAL_RATIO, LEAST_BYTES, GROWN_BYTES);
        if (bytes.length < usualBytes && !grow(usualBytes, 0)) {
            return false;
        }
        int wholeBytes;
        try (InputStream in = source.open()) {
            length = in.readNBytes(bytes, 0, bytes.length);
            while (length == bytes.length && length < GROWN_BYTES) {
                if (!grow(Math.min(2 * length, GROWN_BYTES), length)) {
                    return false;
                }
                length += in.readNBytes(bytes, length, bytes.length - length);
            }
            if (length < bytes.length) {
                return true;
            }
            wholeBytes = length + rest(in, limitBytes - length);
        }
        return wholeBytes == length || unpackWhole(source, wholeBytes);
    }

    /** How much more there is, of which nothing is kept. */
    private int rest(InputStream in, int limitBytes) throws IOException {
        int rest = 0;
        byte[] scratch = new byte[SCRATCH_BYTES];
        for (int read = in.read(scratch); read >= 0; read = in.read(scratch)) {
            rest += read;
            if (rest > limitBytes) {
                throw new IOException("it decompresses to more than " + (length + limitBytes) + " bytes");
            }
        }
        return rest;
    }

    private boolean unpackWhole(Source source, int wholeBytes) throws IOException {
        release();
        if (!grow(wholeBytes, 0)) {
            return false;
        }
        try (InputStream in = source.open()) {
            length = in.readNBytes(bytes, 0, wholeBytes);
        }
        return true;
    }

    private boolean grow(int sizeBytes, int keptBytes) {
        if (!memory.tryTake(sizeBytes)) {
            return false;
        }
        byte[] grown = new byte[sizeBytes];
        System.arraycopy(bytes, 0, grown, 0, keptBytes);
        release();
        bytes = grown;
        length = keptBytes;
        return true;
    }

    private void release() {
        memory.giveBack(bytes.length);
        bytes = NOTHING;
        length = 0;
    }
}
