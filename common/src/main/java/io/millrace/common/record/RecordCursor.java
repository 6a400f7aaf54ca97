package io.millrace.common.record;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.BaseRecords;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.utils.BufferSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Walks the records of a fetch response: one record at a time, its parts being slices of {@link #bytes()}, without an object per record.
 * Batches are checked against their CRC and decompressed where needed; control batches are passed over; a batch that was cut off at the end
 * of the response, as brokers do, ends the walk, and so does one for which there is no memory. Not safe for use by several threads at once.
 */
public final class RecordCursor {
    /** A batch that decompresses to more is refused: it would take the process's memory. */
    public static final int MAX_DECOMPRESSED_BATCH_BYTES = 128 * 1024 * 1024;
    private static final int ABSENT = RecordSlices.ABSENT;

    private final byte[] fetched;
    private final int end;
    private final CRC32C crc = new CRC32C();
    private final BatchUnpacker unpacker;
    private boolean starved;
    private int nextBatch;
    private long nextOffset;

    private byte[] bytes;
    private int position;
    private int batchEnd;
    private int remaining;
    private long baseOffset;
    private long lastOffset;
    private long baseTimestampMs;
    private long appendTimestampMs;
    private boolean isAppendTime;

    private long offset;
    private long timestampMs;
    private int keyStart;
    private int keyLength;
    private int valueStart;
    private int valueLength;
    private int recordStart;
    private int recordEnd;
    private int headerCount;
    private int headersPosition;
    private int headersLeft;
    private int headerPosition;
    private int headerKeyStart;
    private int headerKeyLength;
    private int headerValueStart;
    private int headerValueLength;

    /**
     * @param records    whole batches from the log, possibly with a cut-off one at the end
     * @param fromOffset records before it are passed over: a batch is fetched whole even when asked for from its middle
     */
    public RecordCursor(ByteBuffer records, long fromOffset) {
        this(records, fromOffset, BatchMemory.UNLIMITED);
    }

    /** @param memory what batches may be decompressed into; what is taken of it lasts as long as this cursor is used */
    public RecordCursor(ByteBuffer records, long fromOffset, BatchMemory memory) {
        unpacker = new BatchUnpacker(memory);
        if (records.hasArray()) {
            fetched = records.array();
            nextBatch = records.arrayOffset() + records.position();
        } else {
            fetched = new byte[records.remaining()];
            records.duplicate().get(fetched);
            nextBatch = 0;
        }
        end = nextBatch + records.remaining();
        bytes = fetched;
        nextOffset = fromOffset;
    }

    /** The buffer of what a fetch response holds for a partition; null is taken for nothing. */
    public static ByteBuffer bufferOf(@Nullable BaseRecords records) {
        return records instanceof MemoryRecords inMemory ? inMemory.buffer() : ByteBuffer.allocate(0);
    }

    /**
     * Moves to the next record.
     *
     * @return false at the end
     */
    public boolean next() {
        while (true) {
            while (remaining == 0) {
                if (!openBatch()) {
                    return false;
                }
            }
            readRecord();
            if (offset >= nextOffset) {
                nextOffset = offset + 1;
                if (remaining == 0) {
                    passBatch();
                }
                return true;
            }
            if (remaining == 0) {
                passBatch();
            }
        }
    }

    /** Where to read on after the records walked so far, control batches and gaps of compaction included. */
    public long nextOffset() {
        return nextOffset;
    }

    /** Whether the walk has ended before a batch that there was no memory for. */
    public boolean isStarved() {
        return starved;
    }

    /** What {@link #keyStart} and the like index; good until the next record. */
    public byte[] bytes() {
        return bytes;
    }

    public long offset() {
        return offset;
    }

    public long timestampMs() {
        return timestampMs;
    }

    public int keyStart() {
        return keyStart;
    }

    /** -1 without a key. */
    public int keyLength() {
        return keyLength;
    }

    public int valueStart() {
        return valueStart;
    }

    /** -1 without a value: a tombstone. */
    public int valueLength() {
        return valueLength;
    }

    /** Size of the whole record as stored. */
    public int sizeBytes() {
        return recordEnd - recordStart;
    }

    public int headerCount() {
        return headerCount;
    }

    /** Moves to the record's next header; false after the last. */
    public boolean nextHeader() {
        if (headersLeft == 0) {
            return false;
        }
        int resume = position;
        position = headerPosition;
        headerKeyLength = readVarint();
        headerKeyStart = slice(headerKeyLength);
        headerValueLength = readVarint();
        headerValueStart = slice(headerValueLength);
        headerPosition = position;
        position = resume;
        headersLeft--;
        return true;
    }

    /** The record's headers may be walked again. */
    public void rewindHeaders() {
        headerPosition = headersPosition;
        headersLeft = headerCount;
    }

    public int headerKeyStart() {
        return headerKeyStart;
    }

    public int headerKeyLength() {
        return headerKeyLength;
    }

    public int headerValueStart() {
        return headerValueStart;
    }

    /** -1 for a header without a value. */
    public int headerValueLength() {
        return headerValueLength;
    }

    private void passBatch() {
        nextOffset = Math.max(nextOffset, lastOffset + 1);
    }

    private boolean openBatch() {
        if (end - nextBatch < BatchLayout.RECORDS) {
            return false;
        }
        int start = nextBatch;
        int size = (int) BatchLayout.INT.get(fetched, start + BatchLayout.LENGTH) + BatchLayout.LOG_OVERHEAD_BYTES;
        if (fetched[start + BatchLayout.MAGIC] != BatchLayout.MAGIC_V2 || size < BatchLayout.RECORDS) {
            throw new CorruptBatchException("no v2 record batch at byte " + start + " of a fetch response");
        }
        if (size > end - start) {
            return false;
        }
        nextBatch = start + size;
        int attributes = (short) BatchLayout.SHORT.get(fetched, start + BatchLayout.ATTRIBUTES);
        baseOffset = (long) BatchLayout.LONG.get(fetched, start + BatchLayout.BASE_OFFSET);
        lastOffset = baseOffset + (int) BatchLayout.INT.get(fetched, start + BatchLayout.LAST_OFFSET_DELTA);
        if (lastOffset < nextOffset || (attributes & BatchLayout.CONTROL_FLAG) != 0) {
            passBatch();
            return true;
        }
        crc.reset();
        crc.update(fetched, start + BatchLayout.ATTRIBUTES, size - BatchLayout.ATTRIBUTES);
        if ((int) crc.getValue() != (int) BatchLayout.INT.get(fetched, start + BatchLayout.CRC)) {
            throw new CorruptBatchException("wrong CRC in the batch at offset " + baseOffset);
        }
        remaining = (int) BatchLayout.INT.get(fetched, start + BatchLayout.RECORD_COUNT);
        baseTimestampMs = (long) BatchLayout.LONG.get(fetched, start + BatchLayout.BASE_TIMESTAMP);
        appendTimestampMs = (long) BatchLayout.LONG.get(fetched, start + BatchLayout.MAX_TIMESTAMP);
        isAppendTime = (attributes & BatchLayout.LOG_APPEND_TIME_FLAG) != 0;
        if ((attributes & BatchLayout.COMPRESSION_MASK) == 0) {
            bytes = fetched;
            position = start + BatchLayout.RECORDS;
            batchEnd = nextBatch;
        } else if (!decompress(attributes & BatchLayout.COMPRESSION_MASK, start, size)) {
            starved = true;
            remaining = 0;
            nextBatch = end;
            return false;
        }
        if (remaining <= 0) {
            // Compaction leaves empty batches behind to keep a producer's last sequence.
            remaining = 0;
            passBatch();
        }
        return true;
    }

    private boolean decompress(int codec, int start, int size) {
        ByteBuffer compressed = ByteBuffer.wrap(fetched, start + BatchLayout.RECORDS, size - BatchLayout.RECORDS)
                .slice();
        Compression compression = Compression.of(CompressionType.forId(codec)).build();
        try {
            if (!unpacker.unpack(() -> compression.wrapForInput(compressed.duplicate(), BatchLayout.MAGIC_V2,
                    BufferSupplier.NO_CACHING), compressed.remaining(), MAX_DECOMPRESSED_BATCH_BYTES)) {
                return false;
            }
        } catch (IOException | RuntimeException e) {
            throw new CorruptBatchException("the batch at offset " + baseOffset + " does not decompress: " + e
                    .getMessage(), e);
        }
        bytes = unpacker.bytes();
        position = 0;
        batchEnd = unpacker.length();
        return true;
    }

    private void readRecord() {
        recordStart = position;
        int length = readVarint();
        recordEnd = position + length;
        if (length < 0 || recordEnd > batchEnd) {
            throw corrupt();
        }
        position++;
        timestampMs = isAppendTime ? skipVarlong(appendTimestampMs) : baseTimestampMs + readVarlong();
        offset = baseOffset + readVarint();
        keyLength = readVarint();
        keyStart = slice(keyLength);
        valueLength = readVarint();
        valueStart = slice(valueLength);
        headerCount = readVarint();
        if (headerCount < 0) {
            throw corrupt();
        }
        headersPosition = position;
        rewindHeaders();
        position = recordEnd;
        remaining--;
    }

    private int slice(int length) {
        int start = position;
        if (length < ABSENT || length > recordEnd - start) {
            throw corrupt();
        }
        position = start + Math.max(0, length);
        return start;
    }

    private long skipVarlong(long instead) {
        readVarlong();
        return instead;
    }

    private int readVarint() {
        long value = readVarlong();
        if (value != (int) value) {
            throw corrupt();
        }
        return (int) value;
    }

    private long readVarlong() {
        long raw = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            if (position >= batchEnd) {
                throw corrupt();
            }
            byte b = bytes[position++];
            raw |= (b & 0x7fL) << shift;
            if (b >= 0) {
                return (raw >>> 1) ^ -(raw & 1);
            }
        }
        throw corrupt();
    }

    private CorruptBatchException corrupt() {
        return new CorruptBatchException("malformed record in the batch at offset " + baseOffset);
    }
}
