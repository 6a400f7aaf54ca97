package io.millrace.gateway.produce;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.record.RecordSlices;
import io.millrace.gateway.json.InPlaceDecoder;
import io.millrace.gateway.json.JsonScanner;
import io.millrace.gateway.json.MalformedJsonException;
import io.millrace.gateway.records.RecordFormat;

/**
 * Finds the records of <code>{"records":[{"key"?, "value"?, "partition"?, "timestamp"?, "headers"?}]}</code> in one pass.
 *
 * <p>In the JSON format a key or value is stored as the JSON text that the client sent, white space around it excepted: a string keeps its
 * quotes, a number its digits. That is what the Strimzi bridge stores. In the text and binary formats it is a string, decoded where it
 * lies: the body's bytes change. {@code null} is no key, or no value (a tombstone).
 *
 * <p>Made to be reused; not safe for use by several threads at once.
 */
final class ProduceBodyParser {
    private static final String KNOWN_FIELDS = "; known are key, value, partition, timestamp, headers";
    private static final int LONGEST_SHOWN_NAME = 64;
    private static final int MAX_HEADERS = 10_000;

    private static final int KEY = 1;
    private static final int VALUE = 2;
    private static final int PARTITION = 4;
    private static final int TIMESTAMP = 8;
    private static final int HEADERS = 16;

    private final int maxRecords;
    private final JsonScanner scanner = new JsonScanner();
    private byte[] bytes = new byte[0];
    private int nameStart;
    private int nameEnd;
    private RecordFormat format = RecordFormat.JSON;
    private boolean partitionInPath;
    /** Where in the document the scan is, for error messages. */
    private int recordIndex;
    private int origin;
    private int headerIndex;
    private String field = "";

    /** @param maxRecords that a body may have */
    ProduceBodyParser(int maxRecords) {
        this.maxRecords = maxRecords;
    }

    /**
     * Fills {@code target} with the body's records.
     *
     * @param pathPartition the partition that the path names, or {@link RecordSlices#ANY_PARTITION}
     * @throws RefusedException with {@code MALFORMED_BODY}, naming the field and the byte, or {@code BODY_TOO_LARGE} for too many records
     */
    void parse(byte[] body, int length, RecordFormat recordFormat, int pathPartition, RecordSlices target) {
        bytes = body;
        format = recordFormat;
        partitionInPath = pathPartition != RecordSlices.ANY_PARTITION;
        recordIndex = -1;
        headerIndex = -1;
        field = "";
        origin = 0;
        target.clear(body);
        scanner.reset(body, 0, length);
        try {
            parseDocument(target, pathPartition);
        } catch (MalformedJsonException e) {
            throw malformed(e);
        }
    }

    /**
     * Adds the one record of a line, or none if the line is refused.
     *
     * @throws RefusedException as {@link #parse}; bytes are counted from the line's begin
     */
    void parseLine(byte[] buffer, int start, int length, int pathPartition, RecordSlices target) {
        bytes = buffer;
        format = RecordFormat.JSON;
        partitionInPath = pathPartition != RecordSlices.ANY_PARTITION;
        recordIndex = -1;
        headerIndex = -1;
        field = "";
        origin = start;
        scanner.reset(buffer, start, length);
        int before = target.count();
        try {
            scanner.skipWhitespace();
            addRecord(target, pathPartition);
            scanner.skipWhitespace();
            if (!scanner.atEnd()) {
                field = "";
                throw refusal("something follows the JSON object at byte " + byteOf(scanner.position()));
            }
        } catch (MalformedJsonException e) {
            target.truncate(before);
            throw malformed(e);
        } catch (RefusedException e) {
            target.truncate(before);
            throw e;
        }
    }

    private void addRecord(RecordSlices target, int pathPartition) {
        target.add();
        if (partitionInPath) {
            target.partition(pathPartition);
        }
        parseRecord(target);
    }

    private void parseDocument(RecordSlices target, int pathPartition) {
        boolean hasRecords = false;
        scanner.skipWhitespace();
        scanner.expect('{');
        scanner.skipWhitespace();
        if (!scanner.skip('}')) {
            do {
                scanner.skipWhitespace();
                int at = scanner.position();
                readName();
                if (!nameIs("records")) {
                    field = shownName();
                    throw refusal("unknown field at byte " + byteOf(at) + "; known is records");
                }
                field = "records";
                if (hasRecords) {
                    throw refusal("given twice, again at byte " + byteOf(at));
                }
                hasRecords = true;
                expectColon();
                parseRecords(target, pathPartition);
                recordIndex = -1;
                field = "";
                scanner.skipWhitespace();
            } while (scanner.skip(','));
            scanner.expect('}');
        }
        scanner.skipWhitespace();
        if (!scanner.atEnd()) {
            throw refusal("something follows the JSON object at byte " + byteOf(scanner.position()));
        }
        if (!hasRecords) {
            field = "records";
            throw refusal("is required: an array of records");
        }
    }

    private void parseRecords(RecordSlices target, int pathPartition) {
        if (!scanner.skip('[')) {
            throw refusal("must be an array, at byte " + byteOf(scanner.position()));
        }
        scanner.skipWhitespace();
        if (scanner.skip(']')) {
            return;
        }
        do {
            scanner.skipWhitespace();
            recordIndex++;
            if (recordIndex == maxRecords) {
                throw new RefusedException(ErrorCode.BODY_TOO_LARGE, "the body has more than " + maxRecords
                        + " records");
            }
            field = "";
            addRecord(target, pathPartition);
            scanner.skipWhitespace();
        } while (scanner.skip(','));
        scanner.expect(']');
    }

    private void parseRecord(RecordSlices target) {
        if (!scanner.skip('{')) {
            throw refusal("must be an object, at byte " + byteOf(scanner.position()));
        }
        scanner.skipWhitespace();
        if (scanner.skip('}')) {
            return;
        }
        int seen = 0;
        do {
            scanner.skipWhitespace();
            field = "";
            int at = scanner.position();
            readName();
            int which = knownField();
            if (which == 0) {
                field = shownName();
                throw refusal("unknown field at byte " + byteOf(at) + KNOWN_FIELDS);
            }
            if ((seen & which) != 0) {
                throw refusal("given twice, again at byte " + byteOf(at));
            }
            seen |= which;
            expectColon();
            parseField(which, target);
            field = "";
            scanner.skipWhitespace();
        } while (scanner.skip(','));
        scanner.expect('}');
    }

    private void parseField(int which, RecordSlices target) {
        int at = scanner.position();
        if (scanner.skipNull()) {
            return;
        }
        switch (which) {
            case KEY, VALUE -> parsePart(which, at, target);
            case PARTITION -> {
                long partition = parseWholeNumber(at, Integer.MAX_VALUE);
                if (partitionInPath) {
                    throw refusal("the path names the partition already, at byte " + byteOf(at));
                }
                target.partition((int) partition);
            }
            case TIMESTAMP -> target.timestamp(parseWholeNumber(at, Long.MAX_VALUE));
            default -> parseHeaders(target);
        }
    }

    private void parsePart(int which, int start, RecordSlices target) {
        int from = start;
        int to;
        if (format == RecordFormat.JSON) {
            scanner.skipValue();
            to = scanner.position();
        } else {
            if (scanner.peek() != '"') {
                throw refusal("must be a string in the " + format.label() + " format, at byte " + byteOf(start));
            }
            scanner.scanString();
            from = scanner.stringStart();
            to = format == RecordFormat.BINARY ? decodeBase64() : decodeText();
        }
        if (which == KEY) {
            target.key(from, to - from);
        } else {
            target.value(from, to - from);
        }
    }

    private long parseWholeNumber(int at, long highest) {
        int next = scanner.peek();
        if (next != '-' && (next < '0' || next > '9')) {
            throw refusal("must be a whole number, at byte " + byteOf(at));
        }
        long value = scanner.readInteger();
        if (value < 0 || value > highest) {
            throw refusal("must be between 0 and " + highest + ", at byte " + byteOf(at));
        }
        return value;
    }

    private void parseHeaders(RecordSlices target) {
        if (!scanner.skip('[')) {
            throw refusal("must be an array, at byte " + byteOf(scanner.position()));
        }
        scanner.skipWhitespace();
        if (scanner.skip(']')) {
            return;
        }
        headerIndex = -1;
        do {
            scanner.skipWhitespace();
            headerIndex++;
            field = "";
            if (headerIndex == MAX_HEADERS) {
                throw refusal("a record may have " + MAX_HEADERS + " headers");
            }
            parseHeader(target);
            scanner.skipWhitespace();
        } while (scanner.skip(','));
        headerIndex = -1;
        field = "headers";
        scanner.expect(']');
    }

    private void parseHeader(RecordSlices target) {
        int keyStart = -1;
        int keyEnd = -1;
        int valueStart = 0;
        int valueEnd = RecordSlices.ABSENT;
        int seen = 0;
        int objectAt = scanner.position();
        if (!scanner.skip('{')) {
            throw refusal("must be an object, at byte " + byteOf(objectAt));
        }
        scanner.skipWhitespace();
        if (!scanner.skip('}')) {
            do {
                scanner.skipWhitespace();
                field = "";
                int at = scanner.position();
                readName();
                int which = nameIs("key") ? KEY : nameIs("value") ? VALUE : 0;
                field = which == KEY ? "key" : which == VALUE ? "value" : shownName();
                if (which == 0) {
                    throw refusal("unknown field at byte " + byteOf(at) + "; known are key, value");
                }
                if ((seen & which) != 0) {
                    throw refusal("given twice, again at byte " + byteOf(at));
                }
                seen |= which;
                expectColon();
                int partAt = scanner.position();
                if (which == VALUE && scanner.skipNull()) {
                    scanner.skipWhitespace();
                    continue;
                }
                if (scanner.peek() != '"') {
                    throw refusal("must be a string" + (which == VALUE ? " of base64" : "") + ", at byte " + byteOf(
                            partAt));
                }
                scanner.scanString();
                if (which == KEY) {
                    keyStart = scanner.stringStart();
                    keyEnd = decodeText();
                } else {
                    valueStart = scanner.stringStart();
                    valueEnd = decodeBase64();
                }
                scanner.skipWhitespace();
            } while (scanner.skip(','));
            scanner.expect('}');
        }
        if (keyStart < 0) {
            field = "key";
            throw refusal("is required, in the object at byte " + byteOf(objectAt));
        }
        target.addHeader(keyStart, keyEnd - keyStart, valueStart,
                valueEnd == RecordSlices.ABSENT ? RecordSlices.ABSENT : valueEnd - valueStart);
    }

    private int decodeText() {
        return scanner.stringHasEscapes() ? InPlaceDecoder.unescape(bytes, scanner.stringStart(), scanner.stringEnd())
                : scanner.stringEnd();
    }

    private int decodeBase64() {
        return InPlaceDecoder.base64(bytes, scanner.stringStart(), decodeText());
    }

    private void readName() {
        if (scanner.peek() != '"') {
            throw new MalformedJsonException(scanner.position(), "expected a field's name in quotes");
        }
        scanner.scanString();
        nameStart = scanner.stringStart();
        nameEnd = decodeText();
    }

    private void expectColon() {
        scanner.skipWhitespace();
        scanner.expect(':');
        scanner.skipWhitespace();
    }

    private int knownField() {
        if (nameIs("value")) {
            field = "value";
            return VALUE;
        }
        if (nameIs("key")) {
            field = "key";
            return KEY;
        }
        if (nameIs("partition")) {
            field = "partition";
            return PARTITION;
        }
        if (nameIs("timestamp")) {
            field = "timestamp";
            return TIMESTAMP;
        }
        if (nameIs("headers")) {
            field = "headers";
            return HEADERS;
        }
        return 0;
    }

    private boolean nameIs(String name) {
        if (nameEnd - nameStart != name.length()) {
            return false;
        }
        for (int i = 0; i < name.length(); i++) {
            if (bytes[nameStart + i] != name.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    private String shownName() {
        String name = new String(bytes, nameStart, Math.min(nameEnd - nameStart, 4 * LONGEST_SHOWN_NAME + 1), UTF_8);
        return name.length() > LONGEST_SHOWN_NAME ? name.substring(0, LONGEST_SHOWN_NAME) + "…" : name;
    }

    private int byteOf(int position) {
        return position - origin;
    }

    private RefusedException malformed(MalformedJsonException e) {
        return refusal(e.getMessage() + " at byte " + byteOf(e.position()));
    }

    private RefusedException refusal(String what) {
        var where = new StringBuilder();
        if (recordIndex >= 0) {
            where.append("records[").append(recordIndex).append(']');
        }
        if (headerIndex >= 0) {
            where.append(".headers[").append(headerIndex).append(']');
        }
        if (!field.isEmpty()) {
            where.append(where.isEmpty() ? "" : ".").append(field);
        }
        return new RefusedException(ErrorCode.MALFORMED_BODY, where.isEmpty() ? what : where + ": " + what);
    }
}
