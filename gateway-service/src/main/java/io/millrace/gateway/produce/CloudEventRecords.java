package io.millrace.gateway.produce;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.cloudevents.CloudEvent;
import io.cloudevents.core.format.EventDeserializationException;
import io.cloudevents.http.HttpMessageFactory;
import io.cloudevents.jackson.JsonFormat;
import io.cloudevents.kafka.KafkaMessageFactory;
import io.cloudevents.kafka.PartitionKeyExtensionInterceptor;
import io.cloudevents.rw.CloudEventRWException;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.record.RecordSlices;
import io.millrace.gateway.json.JsonOutput;
import io.millrace.gateway.json.JsonScanner;
import io.millrace.gateway.json.MalformedJsonException;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;

/**
 * CloudEvents as records, by the Kafka protocol binding of CloudEvents 1.0.2: an event that came in structured mode is stored in structured
 * mode, as the JSON text that was sent and the header {@code content-type}; one that came in binary mode is stored in binary mode, its
 * attributes in headers that begin with {@code ce_}. The extension {@code partitionkey} is the record's key.
 */
final class CloudEventRecords {
    private static final String ATTRIBUTE_PREFIX = "ce-";
    private static final String SPEC_VERSION_HEADER = "ce-specversion";
    private static final String EVENT_TYPES = "application/cloudevents";
    private static final byte[] CONTENT_TYPE = "content-type".getBytes(UTF_8);
    private static final byte[] EVENT_TYPE = JsonFormat.CONTENT_TYPE.getBytes(UTF_8);
    private static final byte[] DATA = "\"data\"".getBytes(UTF_8);
    private static final byte[] DATA_BASE64 = "\"data_base64\"".getBytes(UTF_8);
    private static final byte[] NO_TEXT = "\"\"".getBytes(UTF_8);
    private static final byte[] NO_OBJECT = "{}".getBytes(UTF_8);
    private static final byte[] NO_ARRAY = "[]".getBytes(UTF_8);
    /** Any that is no text. */
    private static final byte[] OTHER_DATA = "0".getBytes(UTF_8);
    private static final JsonFormat FORMAT = new JsonFormat();

    /** Where an event's text lies in the body, and its key. */
    private record Placed(int start, int length, byte @Nullable [] key) {}

    private CloudEventRecords() {}

    /** Whether the request is an event in binary mode: then its content type is that of the event's data, which may be any. */
    static boolean isBinaryMode(HttpServletRequest request) {
        String type = request.getContentType();
        return request.getHeader(SPEC_VERSION_HEADER) != null && (type == null || !type.regionMatches(true, 0,
                EVENT_TYPES,
                0, EVENT_TYPES.length()));
    }

    /** Makes the scratch's body, and the request's headers, its one record. */
    static void readBinary(HttpServletRequest request, int partition, ProduceScratch scratch) {
        int length = scratch.length();
        Map<String, String> headers = new HashMap<>();
        for (String name : Collections.list(request.getHeaderNames())) {
            String value = request.getHeader(name);
            headers.put(name, isAttribute(name) ? CloudEventHeader.decoded(value) : value);
        }
        List<byte[]> parts = new ArrayList<>();
        byte[] key;
        try {
            // Without the data, which stays where it is.
            CloudEvent event = HttpMessageFactory.createReader(headers, new byte[0]).toEvent();
            key = keyOf(event);
            for (Header header : KafkaMessageFactory.createWriter("").writeBinary(event).headers()) {
                parts.add(header.key().getBytes(UTF_8));
                parts.add(header.value());
            }
        } catch (CloudEventRWException | IllegalArgumentException | IllegalStateException e) {
            throw refused("", e);
        }
        int keyStart = key == null ? 0 : scratch.append(key);
        int[] starts = parts.stream().mapToInt(scratch::append).toArray();
        RecordSlices records = scratch.records;
        records.clear(scratch.body());
        records.add();
        records.partition(partition);
        records.value(0, length);
        if (key != null) {
            records.key(keyStart, key.length);
        }
        for (int i = 0; i < starts.length; i += 2) {
            records.addHeader(starts[i], parts.get(i).length, starts[i + 1], parts.get(i + 1).length);
        }
    }

    private static boolean isAttribute(String header) {
        return header.regionMatches(true, 0, ATTRIBUTE_PREFIX, 0, ATTRIBUTE_PREFIX.length());
    }

    /** Makes the event in the scratch's body, or each of an array of them, a record. */
    static void readStructured(boolean isBatch, int partition, ProduceProperties limits, ProduceScratch scratch) {
        List<Placed> events = new ArrayList<>();
        var scanner = new JsonScanner();
        scanner.reset(scratch.body(), 0, scratch.length());
        try {
            scanner.skipWhitespace();
            if (isBatch) {
                readBatch(scanner, limits, scratch, events);
            } else {
                events.add(event(scanner, "", limits, scratch));
            }
            scanner.skipWhitespace();
        } catch (MalformedJsonException e) {
            throw new RefusedException(ErrorCode.MALFORMED_BODY, e.getMessage() + " at byte " + e.position());
        }
        if (!scanner.atEnd()) {
            throw new RefusedException(ErrorCode.MALFORMED_BODY, "something follows the JSON at byte " + scanner
                    .position());
        }
        store(events, partition, scratch);
    }

    private static void readBatch(JsonScanner scanner, ProduceProperties limits, ProduceScratch scratch,
            List<Placed> events) {
        scanner.expect('[');
        scanner.skipWhitespace();
        if (scanner.skip(']')) {
            return;
        }
        do {
            if (events.size() == limits.maxRecords()) {
                throw new RefusedException(ErrorCode.BODY_TOO_LARGE, "the body has more than " + limits.maxRecords()
                        + " events");
            }
            scanner.skipWhitespace();
            events.add(event(scanner, "[" + events.size() + "]: ", limits, scratch));
            scanner.skipWhitespace();
        } while (scanner.skip(','));
        scanner.expect(']');
    }

    private static Placed event(JsonScanner scanner, String where, ProduceProperties limits, ProduceScratch scratch) {
        int start = scanner.position();
        try {
            byte[] attributes = attributes(scanner, where, (int) limits.maxEventAttributes().toBytes(), scratch.body());
            return new Placed(start, scanner.position() - start, keyOf(FORMAT.deserialize(attributes)));
        } catch (EventDeserializationException | CloudEventRWException | IllegalArgumentException
                | IllegalStateException e) {
            throw refused(where, e);
        }
    }

    /**
     * Passes over an event, and returns it with next to nothing in the place of its data: the SDK makes a tree of what it reads, which takes
     * thirty times the memory of the shortest JSON values, and the data is of no interest here.
     */
    private static byte[] attributes(JsonScanner scanner, String where, int limitBytes, byte[] body) {
        if (scanner.peek() != '{') {
            scanner.skipValue();
            throw new IllegalArgumentException("an object is wanted");
        }
        var kept = new JsonOutput(512);
        scanner.expect('{');
        kept.write('{');
        scanner.skipWhitespace();
        if (!scanner.skip('}')) {
            do {
                copyMember(scanner, body, kept);
                if (kept.size() > limitBytes) {
                    throw new RefusedException(ErrorCode.BODY_TOO_LARGE, where
                            + "the attributes of the event are larger than " + limitBytes + " bytes");
                }
                kept.write(',');
                scanner.skipWhitespace();
            } while (scanner.skip(','));
            scanner.expect('}');
            kept.truncate(kept.size() - 1);
        }
        kept.write('}');
        return Arrays.copyOf(kept.array(), kept.size());
    }

    private static void copyMember(JsonScanner scanner, byte[] body, JsonOutput kept) {
        scanner.skipWhitespace();
        int nameStart = scanner.position();
        scanner.scanString();
        int nameEnd = scanner.position();
        scanner.skipWhitespace();
        scanner.expect(':');
        scanner.skipWhitespace();
        int first = scanner.peek();
        int start = scanner.position();
        scanner.skipValue();
        kept.write(body, nameStart, nameEnd - nameStart);
        kept.write(':');
        boolean isData = isEqual(DATA, body, nameStart, nameEnd);
        if (first == '{' || first == '[') {
            // No attribute is an object or an array: the SDK says so of an empty one, too.
            kept.write(isData ? OTHER_DATA : first == '{' ? NO_OBJECT : NO_ARRAY);
        } else if (isData && first == '"') {
            kept.write(NO_TEXT);
        } else if (first == '"' && isEqual(DATA_BASE64, body, nameStart, nameEnd)) {
            requireBase64(body, scanner.stringStart(), scanner.stringEnd());
            kept.write(NO_TEXT);
        } else {
            kept.write(body, start, scanner.position() - start);
        }
    }

    private static boolean isEqual(byte[] wanted, byte[] bytes, int start, int end) {
        return Arrays.equals(wanted, 0, wanted.length, bytes, start, end);
    }

    private static void requireBase64(byte[] bytes, int start, int end) {
        try (var decoded = Base64.getDecoder().wrap(new UnescapedText(bytes, start, end))) {
            decoded.transferTo(OutputStream.nullOutputStream());
        } catch (IOException e) {
            throw new IllegalArgumentException("data_base64 is not base64: " + e.getMessage(), e);
        }
    }

    private static void store(List<Placed> events, int partition, ProduceScratch scratch) {
        int contentType = scratch.append(CONTENT_TYPE);
        int eventType = scratch.append(EVENT_TYPE);
        int[] keys = events.stream().mapToInt(event -> event.key == null ? 0 : scratch.append(event.key)).toArray();
        RecordSlices records = scratch.records;
        records.clear(scratch.body());
        for (int i = 0; i < keys.length; i++) {
            Placed event = events.get(i);
            records.add();
            records.partition(partition);
            records.value(event.start, event.length);
            if (event.key != null) {
                records.key(keys[i], event.key.length);
            }
            records.addHeader(contentType, CONTENT_TYPE.length, eventType, EVENT_TYPE.length);
        }
    }

    private static byte @Nullable [] keyOf(CloudEvent event) {
        Object key = event.getExtension(PartitionKeyExtensionInterceptor.PARTITION_KEY_EXTENSION);
        return key == null ? null : key.toString().getBytes(UTF_8);
    }

    /** The SDK's own words say which attribute is missing or wrong. */
    private static RefusedException refused(String where, RuntimeException e) {
        String why = e.getCause() instanceof JsonProcessingException json ? json.getOriginalMessage() : e.getMessage();
        return new RefusedException(ErrorCode.MALFORMED_BODY, where + "not a CloudEvent: " + why);
    }
}
