package io.millrace.gateway.v3.records;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.record.RecordSlices;
import io.millrace.gateway.json.InPlaceDecoder;
import io.millrace.gateway.json.JsonScanner;
import io.millrace.gateway.json.MalformedJsonException;
import java.time.DateTimeException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads records of the form <code>{"partition_id"?, "headers"?, "key"?, "value"?, "timestamp"?}</code>, where key and value are
 * <code>{"type", "data"}</code>, and what is stored stays where it is: the bytes change, as strings are decoded in place. Of a record that is
 * refused nothing is taken.
 *
 * <p>Made to be reused; not safe for use by several threads at once.
 */
final class RecordObjects {
    private static final int LONGEST_SHOWN_NAME = 64;
    /** Of a name, type or time; none that is known is as long. */
    private static final int LONGEST_TEXT_BYTES = 4 * LONGEST_SHOWN_NAME + 1;
    private static final int MAX_HEADERS = 10_000;
    private static final List<String> OF_SCHEMAS = List.of("subject", "subject_name_strategy", "schema_id",
            "schema_version", "schema");

    private final JsonScanner scanner = new JsonScanner();
    private byte[] bytes = new byte[0];
    private String path = "";
    private Part key = Part.NONE;
    private Part value = Part.NONE;
    private int partition;
    private @Nullable Long timestampMs;
    private RecordSlices records = new RecordSlices();

    /** @param start of what is stored; a length of {@link RecordSlices#ABSENT} is null */
    private record Part(@Nullable DataType type, int start, int length) {
        static final Part NONE = new Part(null, 0, RecordSlices.ABSENT);

        int size() {
            return Math.max(0, length);
        }
    }

    /**
     * Adds the record of one object to the target, whose source the bytes are; or tells why not.
     *
     * @throws RefusedException of the target's growth: there is no memory for it
     */
    Taken read(byte[] source, int start, int end, RecordSlices target) {
        bytes = source;
        path = "";
        key = Part.NONE;
        value = Part.NONE;
        partition = RecordSlices.ANY_PARTITION;
        timestampMs = null;
        records = target;
        int before = target.count();
        target.add();
        scanner.reset(source, start, end - start);
        try {
            eachField("", this::readField);
            scanner.skipWhitespace();
            if (!scanner.atEnd()) {
                throw refusal("something follows the object");
            }
        } catch (MalformedJsonException e) {
            target.truncate(before);
            return Taken.refused(refusal(e.getMessage() + ", at byte " + (e.position() - start)));
        } catch (RefusedException e) {
            target.truncate(before);
            if (e.code() != ErrorCode.MALFORMED_BODY) {
                throw e;
            }
            return Taken.refused(e);
        }
        if (key.length >= 0) {
            target.key(key.start, key.length);
        }
        if (value.length >= 0) {
            target.value(value.start, value.length);
        }
        target.partition(partition);
        if (timestampMs != null) {
            target.timestamp(timestampMs);
        }
        return new Taken(target.count() - 1, key.type, key.size(), value.type, value.size(), timestampMs, null);
    }

    private void readField(String name) {
        switch (name) {
            // Of an entry in a batch, which has been seen to.
            case "id" -> scanner.skipValue();
            case "partition_id" -> partition = scanner.skipNull() ? RecordSlices.ANY_PARTITION
                    : (int) wholeNumber(Integer.MAX_VALUE);
            case "timestamp" -> timestampMs = scanner.skipNull() ? null : time();
            case "headers" -> readHeaders();
            case "key" -> key = scanner.skipNull() ? Part.NONE : readPart("key");
            case "value" -> value = scanner.skipNull() ? Part.NONE : readPart("value");
            default -> throw refusal("unknown field; known are key, value, partition_id, timestamp, headers");
        }
    }

    private Part readPart(String of) {
        var found = new Object() {
            @Nullable
            DataType type;
            int start;
            int end = -1;
            boolean isString;
        };
        eachField(of, name -> {
            switch (name) {
                case "type" -> found.type = scanner.skipNull() ? null : type();
                case "data" -> {
                    found.start = scanner.position();
                    found.isString = scanner.peek() == '"';
                    if (!scanner.skipNull()) {
                        scanner.skipValue();
                        found.end = scanner.position();
                    }
                }
                default -> throw OF_SCHEMAS.contains(name)
                        ? refusal("there are no schemas here; type is BINARY, JSON or STRING")
                        : refusal("unknown field; known are type, data");
            }
        });
        path = of + ".type";
        if (found.type == null) {
            if (found.end >= 0) {
                throw refusal("is required: BINARY, JSON or STRING");
            }
            return Part.NONE;
        }
        path = of + ".data";
        return found.end < 0 ? new Part(found.type, 0, RecordSlices.ABSENT)
                : decoded(found.type, found.start, found.end, found.isString);
    }

    private Part decoded(DataType type, int start, int end, boolean isString) {
        if (type == DataType.JSON) {
            return new Part(type, start, end - start);
        }
        if (!isString) {
            throw refusal("must be a string" + (type == DataType.BINARY ? " of base64" : ""));
        }
        int textEnd = InPlaceDecoder.unescape(bytes, start + 1, end - 1);
        int decodedEnd = type == DataType.STRING ? textEnd : base64(start + 1, textEnd);
        return new Part(type, start + 1, decodedEnd - start - 1);
    }

    private DataType type() {
        String given = text();
        return switch (given) {
            case "BINARY" -> DataType.BINARY;
            case "JSON" -> DataType.JSON;
            case "STRING" -> DataType.STRING;
            case "AVRO", "JSONSCHEMA", "PROTOBUF" -> throw refusal("there are no schemas here; type is BINARY, JSON or "
                    + "STRING");
            default -> throw refusal("must be BINARY, JSON or STRING");
        };
    }

    private void readHeaders() {
        if (scanner.skipNull()) {
            return;
        }
        requireNext('[', "an array");
        scanner.expect('[');
        scanner.skipWhitespace();
        if (scanner.skip(']')) {
            return;
        }
        do {
            scanner.skipWhitespace();
            if (records.lastHeaderCount() == MAX_HEADERS) {
                throw refusal("a record may have " + MAX_HEADERS + " headers");
            }
            readHeader("headers[" + records.lastHeaderCount() + "]");
            scanner.skipWhitespace();
        } while (scanner.skip(','));
        scanner.expect(']');
    }

    private void readHeader(String of) {
        var found = new Object() {
            int nameStart;
            int nameEnd = -1;
            int valueStart;
            int valueEnd = -1;
        };
        path = of;
        eachField(of, name -> {
            switch (name) {
                case "name" -> {
                    requireNext('"', "a string");
                    scanner.scanString();
                    found.nameStart = scanner.stringStart();
                    found.nameEnd = InPlaceDecoder.unescape(bytes, found.nameStart, scanner.stringEnd());
                }
                case "value" -> {
                    if (!scanner.skipNull()) {
                        requireNext('"', "a string of base64");
                        scanner.scanString();
                        found.valueStart = scanner.stringStart();
                        found.valueEnd = base64(found.valueStart, InPlaceDecoder.unescape(bytes, found.valueStart,
                                scanner.stringEnd()));
                    }
                }
                default -> throw refusal("unknown field; known are name, value");
            }
        });
        if (found.nameEnd < 0) {
            path = of + ".name";
            throw refusal("is required");
        }
        records.addHeader(found.nameStart, found.nameEnd - found.nameStart, found.valueStart,
                found.valueEnd < 0 ? RecordSlices.ABSENT : found.valueEnd - found.valueStart);
    }

    private interface FieldReader {
        void read(String name);
    }

    private void eachField(String of, FieldReader reader) {
        scanner.skipWhitespace();
        requireNext('{', "an object");
        scanner.expect('{');
        scanner.skipWhitespace();
        if (scanner.skip('}')) {
            return;
        }
        var seen = new ArrayList<String>(6);
        do {
            scanner.skipWhitespace();
            scanner.scanString();
            String name = scanned();
            path = (of.isEmpty() ? "" : of + ".") + (name.length() > LONGEST_SHOWN_NAME ? name.substring(0,
                    LONGEST_SHOWN_NAME) + "…" : name);
            if (seen.contains(name)) {
                throw refusal("given twice");
            }
            seen.add(name);
            scanner.skipWhitespace();
            scanner.expect(':');
            scanner.skipWhitespace();
            reader.read(name);
            path = of;
            scanner.skipWhitespace();
        } while (scanner.skip(','));
        scanner.expect('}');
    }

    private String text() {
        requireNext('"', "a string");
        scanner.scanString();
        return scanned();
    }

    /** The string passed over last, or the beginning of one that is too long to be known. */
    private String scanned() {
        int from = scanner.stringStart();
        int length = InPlaceDecoder.unescape(bytes, from, scanner.stringEnd()) - from;
        return new String(bytes, from, Math.min(length, LONGEST_TEXT_BYTES), UTF_8);
    }

    private long wholeNumber(long highest) {
        int next = scanner.peek();
        if (next != '-' && (next < '0' || next > '9')) {
            throw refusal("must be a whole number");
        }
        long number = scanner.readInteger();
        if (number < 0 || number > highest) {
            throw refusal("must be between 0 and " + highest);
        }
        return number;
    }

    private long time() {
        try {
            long ms = OffsetDateTime.parse(text()).toInstant().toEpochMilli();
            if (ms >= 0) {
                return ms;
            }
        } catch (DateTimeException | ArithmeticException _) {
            // Told below.
        }
        throw refusal("must be a time since 1970 such as 2026-01-01T00:00:00Z");
    }

    private int base64(int start, int end) {
        try {
            return InPlaceDecoder.base64(bytes, start, end);
        } catch (MalformedJsonException e) {
            throw refusal(String.valueOf(e.getMessage()));
        }
    }

    private void requireNext(char expected, String what) {
        if (scanner.peek() != expected) {
            throw refusal("must be " + what);
        }
    }

    private RefusedException refusal(String what) {
        return new RefusedException(ErrorCode.MALFORMED_BODY, path.isEmpty() ? what : path + ": " + what);
    }
}
