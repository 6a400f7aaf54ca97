package io.millrace.broker.log;

import java.nio.ByteBuffer;

/**
 * Looks at the sizes that snappy data declares, before a decompressor believes them and takes as much memory: a few bytes can claim gigabytes.
 * Takes both layouts that clients send: blocks framed as the Java library does (magic, two versions, then length and block each), and one bare block.
 */
final class SnappyFrames {
    private static final long MAGIC = 0x82534e4150505900L;
    private static final int MAGIC_HEAD = (int) (MAGIC >>> 32);
    private static final int HEADER_BYTES = 16;
    private static final int MAX_VARINT_BYTES = 5;
    /** An element of 3 bytes copies at most 64. */
    private static final int GREATEST_RATIO = 22;

    private SnappyFrames() {}

    static boolean arePlausible(ByteBuffer data) {
        int limit = data.limit();
        int at = data.position();
        if (limit - at < HEADER_BYTES || data.getLong(at) != MAGIC) {
            return isPlausible(data, at, limit - at);
        }
        while (limit - at >= Integer.BYTES) {
            int blockBytes = data.getInt(at);
            if (blockBytes == MAGIC_HEAD) {
                // Streams may follow each other, each with its own header.
                at += HEADER_BYTES;
                continue;
            }
            at += Integer.BYTES;
            if (blockBytes < 0 || blockBytes > limit - at || !isPlausible(data, at, blockBytes)) {
                return false;
            }
            at += blockBytes;
        }
        return true;
    }

    private static boolean isPlausible(ByteBuffer data, int start, int blockBytes) {
        long uncompressedBytes = 0;
        for (int i = 0; i < Math.min(blockBytes, MAX_VARINT_BYTES); i++) {
            byte next = data.get(start + i);
            uncompressedBytes |= (next & 0x7fL) << (7 * i);
            if (next >= 0) {
                return uncompressedBytes <= (long) blockBytes * GREATEST_RATIO;
            }
        }
        return false;
    }
}
