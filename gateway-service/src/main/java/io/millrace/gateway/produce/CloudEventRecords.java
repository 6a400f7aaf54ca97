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
import io.millrace.gateway.json.JsonScanner;
import io.millrace.gateway.json.MalformedJsonException;
import jakarta.servlet.http.HttpServletRequest;
import java.util.ArrayList;
import java.util.Arrays;
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
    private static final String SPEC_VERSION_HEADER = "ce-specversion";
    private static final String EVENT_TYPES = "application/cloudevents";
    private static final byte[] CONTENT_TYPE = "content-type".getBytes(UTF_8);
    private static final byte[] EVENT_TYPE = JsonFormat.CONTENT_TYPE.getBytes(UTF_8);
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
            headers.put(name, request.getHeader(name));
        }
        List<byte[]> parts = new ArrayList<>();
        byte[] key;
        try {
            CloudEvent event = HttpMessageFactory.createReader(headers, Arrays.copyOf(scratch.body(), length))
                    .toEvent();
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

    /** Makes the event in the scratch's body, or each of an array of them, a record. */
    static void readStructured(boolean isBatch, int partition, int maxRecords, ProduceScratch scratch) {
        List<Placed> events = new ArrayList<>();
        var scanner = new JsonScanner();
        scanner.reset(scratch.body(), 0, scratch.length());
        try {
            scanner.skipWhitespace();
            if (isBatch) {
                readBatch(scanner, maxRecords, scratch, events);
            } else {
                events.add(event(scanner, "", scratch));
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

    private static void readBatch(JsonScanner scanner, int maxRecords, ProduceScratch scratch, List<Placed> events) {
        scanner.expect('[');
        scanner.skipWhitespace();
        if (scanner.skip(']')) {
            return;
        }
        do {
            if (events.size() == maxRecords) {
                throw new RefusedException(ErrorCode.BODY_TOO_LARGE, "the body has more than " + maxRecords
                        + " events");
            }
            scanner.skipWhitespace();
            events.add(event(scanner, "[" + events.size() + "]: ", scratch));
            scanner.skipWhitespace();
        } while (scanner.skip(','));
        scanner.expect(']');
    }

    private static Placed event(JsonScanner scanner, String where, ProduceScratch scratch) {
        int start = scanner.position();
        scanner.skipValue();
        int end = scanner.position();
        try {
            return new Placed(start, end - start, keyOf(FORMAT.deserialize(Arrays.copyOfRange(scratch.body(), start,
                    end))));
        } catch (EventDeserializationException | CloudEventRWException | IllegalArgumentException
                | IllegalStateException e) {
            throw refused(where, e);
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
