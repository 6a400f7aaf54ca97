package io.millrace.gateway.records;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.record.RecordCursor;
import io.millrace.gateway.json.JsonOutput;
import io.millrace.gateway.json.JsonScanner;

/**
 * Writes records as {@code {"topic","partition","offset","timestamp","key","value","headers"?}}, each straight from the fetched bytes.
 * {@link #partition} says whose records come next. Not safe for use by several threads at once.
 */
public final class RecordJsonWriter {
    private static final byte[] TOPIC = "{\"topic\":".getBytes(US_ASCII);
    private static final byte[] PARTITION = ",\"partition\":".getBytes(US_ASCII);
    private static final byte[] OFFSET = ",\"offset\":".getBytes(US_ASCII);
    private static final byte[] TIMESTAMP = ",\"timestamp\":".getBytes(US_ASCII);
    private static final byte[] KEY = ",\"key\":".getBytes(US_ASCII);
    private static final byte[] VALUE = ",\"value\":".getBytes(US_ASCII);
    private static final byte[] HEADERS = ",\"headers\":[".getBytes(US_ASCII);
    private static final byte[] HEADER_KEY = "{\"key\":".getBytes(US_ASCII);
    private static final byte[] NULL = "null".getBytes(US_ASCII);

    private final RecordFormat format;
    private final NotJson notJson;
    private final boolean onOneLine;
    private final JsonScanner scanner = new JsonScanner();
    private final JsonOutput prefix = new JsonOutput(128);
    private String topic = "";
    private int partition;

    /**
     * @param onOneLine line breaks within stored JSON become spaces, for outputs that are lines themselves (server-sent events)
     */
    public RecordJsonWriter(RecordFormat format, NotJson notJson, boolean onOneLine) {
        this.format = format;
        this.notJson = notJson;
        this.onOneLine = onOneLine;
    }

    /** The records written next are this partition's. */
    public void partition(String topicName, int index) {
        topic = topicName;
        partition = index;
        prefix.clear();
        prefix.write(TOPIC);
        prefix.writeString(topicName);
        prefix.write(PARTITION);
        prefix.writeLong(index);
        prefix.write(OFFSET);
    }

    /** Writes the cursor's present record. */
    public void write(JsonOutput target, RecordCursor record) {
        target.write(prefix.array(), 0, prefix.size());
        target.writeLong(record.offset());
        target.write(TIMESTAMP);
        target.writeLong(record.timestampMs());
        target.write(KEY);
        writePart(target, record, "key", record.keyStart(), record.keyLength());
        target.write(VALUE);
        writePart(target, record, "value", record.valueStart(), record.valueLength());
        if (record.headerCount() > 0) {
            writeHeaders(target, record);
        }
        target.write('}');
    }

    private void writePart(JsonOutput target, RecordCursor record, String part, int start, int length) {
        if (length < 0) {
            target.write(NULL);
            return;
        }
        switch (format) {
            case BINARY -> target.writeBase64(record.bytes(), start, length);
            case TEXT -> target.writeString(record.bytes(), start, length);
            case JSON -> {
                if (!scanner.isOneValue(record.bytes(), start, length)) {
                    writeNotJson(target, record, part, start, length);
                } else if (onOneLine) {
                    target.writeOnOneLine(record.bytes(), start, length);
                } else {
                    target.write(record.bytes(), start, length);
                }
            }
        }
    }

    private void writeNotJson(JsonOutput target, RecordCursor record, String part, int start, int length) {
        switch (notJson) {
            case AS_STRING -> target.writeString(record.bytes(), start, length);
            case REFUSE -> throw new RefusedException(ErrorCode.FORMAT_MISMATCH, "the " + part + " at offset " + record
                    .offset() + " of "
                    + topic + "-" + partition + " is not JSON; ask for " + RecordFormat.BINARY.mediaType() + " or "
                    + RecordFormat.TEXT.mediaType());
        }
    }

    private static void writeHeaders(JsonOutput target, RecordCursor record) {
        target.write(HEADERS);
        record.rewindHeaders();
        boolean first = true;
        while (record.nextHeader()) {
            if (!first) {
                target.write(',');
            }
            first = false;
            target.write(HEADER_KEY);
            target.writeString(record.bytes(), record.headerKeyStart(), record.headerKeyLength());
            target.write(VALUE);
            if (record.headerValueLength() < 0) {
                target.write(NULL);
            } else {
                target.writeBase64(record.bytes(), record.headerValueStart(), record.headerValueLength());
            }
            target.write('}');
        }
        target.write(']');
    }
}
