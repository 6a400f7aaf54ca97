package io.millrace.gateway.produce;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.record.RecordSlices;
import jakarta.servlet.http.HttpServletRequest;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The record whose value is the whole body. Its key is in {@code Millrace-Key} or {@code ?key=}, its headers in
 * {@code Millrace-Header-NAME} or {@code ?header.NAME=}, stored as the bytes that came: UTF-8, as a rule. Partition and timestamp are in
 * {@code ?partition=} and {@code ?timestamp=}. What a web page's form cannot say by a header, it says in the query; the header wins.
 */
final class SingleRecord {
    static final String KEY_HEADER = "Millrace-Key";
    static final String HEADER_PREFIX = "Millrace-Header-";
    private static final String HEADER_PARAMETER = "header.";

    private record Header(byte[] name, byte[] value) {}

    private SingleRecord() {}

    /** Fills the scratch's records from its body and the request. */
    static void read(HttpServletRequest request, QueryParameters query, BodyType type, int pathPartition,
            ProduceScratch scratch) {
        if (type == BodyType.PLAIN_TEXT) {
            checkUtf8(scratch.body(), scratch.length());
        }
        int partition = (int) query.wholeNumber("partition", Integer.MAX_VALUE, RecordSlices.ANY_PARTITION);
        if (pathPartition != RecordSlices.ANY_PARTITION && partition != RecordSlices.ANY_PARTITION) {
            throw new RefusedException(ErrorCode.INVALID_REQUEST, "partition: the path names the partition already");
        }
        long timestampMs = query.wholeNumber("timestamp", Long.MAX_VALUE, RecordSlices.NO_TIMESTAMP);
        int valueLength = scratch.length();
        byte[] key = key(request, query);
        int keyStart = key == null ? 0 : scratch.append(key);
        List<Header> headers = headers(request, query);
        int[] places = new int[2 * headers.size()];
        for (int i = 0; i < headers.size(); i++) {
            places[2 * i] = scratch.append(headers.get(i).name);
            places[2 * i + 1] = scratch.append(headers.get(i).value);
        }
        RecordSlices records = scratch.records;
        records.clear(scratch.body());
        records.add();
        records.value(0, valueLength);
        records.partition(pathPartition == RecordSlices.ANY_PARTITION ? partition : pathPartition);
        if (key != null) {
            records.key(keyStart, key.length);
        }
        if (timestampMs != RecordSlices.NO_TIMESTAMP) {
            records.timestamp(timestampMs);
        }
        for (int i = 0; i < headers.size(); i++) {
            records.addHeader(places[2 * i], headers.get(i).name.length, places[2 * i + 1], headers.get(
                    i).value.length);
        }
    }

    private static byte @Nullable [] key(HttpServletRequest request, QueryParameters query) {
        String header = request.getHeader(KEY_HEADER);
        String parameter = header == null ? query.first("key") : null;
        return header != null ? header.getBytes(ISO_8859_1) : parameter != null ? parameter.getBytes(UTF_8) : null;
    }

    private static List<Header> headers(HttpServletRequest request, QueryParameters query) {
        List<Header> headers = new ArrayList<>();
        for (String name : Collections.list(request.getHeaderNames())) {
            if (name.regionMatches(true, 0, HEADER_PREFIX, 0, HEADER_PREFIX.length())) {
                byte[] recordName = name.substring(HEADER_PREFIX.length()).getBytes(ISO_8859_1);
                for (String value : Collections.list(request.getHeaders(name))) {
                    headers.add(new Header(recordName, value.getBytes(ISO_8859_1)));
                }
            }
        }
        for (QueryParameters.Parameter parameter : query.all()) {
            if (parameter.name().startsWith(HEADER_PARAMETER) && request.getHeader(HEADER_PREFIX + parameter.name()
                    .substring(HEADER_PARAMETER.length())) == null) {
                headers.add(new Header(parameter.name().substring(HEADER_PARAMETER.length()).getBytes(UTF_8), parameter
                        .value().getBytes(UTF_8)));
            }
        }
        return headers;
    }

    private static void checkUtf8(byte[] body, int length) {
        try {
            UTF_8.newDecoder().decode(ByteBuffer.wrap(body, 0, length));
        } catch (CharacterCodingException _) {
            throw new RefusedException(ErrorCode.MALFORMED_BODY,
                    "the text is not UTF-8; application/octet-stream takes any bytes");
        }
    }
}
