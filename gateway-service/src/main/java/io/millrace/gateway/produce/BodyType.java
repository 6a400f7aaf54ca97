package io.millrace.gateway.produce;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.gateway.records.RecordFormat;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a body is, by its {@code Content-Type}. */
enum BodyType {
    /** <code>{"records":[...]}</code>, with keys and values that are any JSON. */
    JSON,
    /** The same, with strings. */
    TEXT,
    /** The same, with base64. */
    BINARY,
    /** A record a line. */
    LINES,
    /** The value of one record, in UTF-8. */
    PLAIN_TEXT,
    /** The value of one record. */
    BYTES,
    /** A CloudEvent in structured mode. */
    EVENT,
    /** An array of them. */
    EVENTS,
    /** The data of a CloudEvent in binary mode, of any content type. */
    EVENT_DATA;

    private static final String TAKEN = "application/json, application/vnd.kafka.json.v2+json, "
            + "application/vnd.kafka.text.v2+json, application/vnd.kafka.binary.v2+json, application/x-ndjson, text/plain, "
            + "application/octet-stream, application/cloudevents+json, application/cloudevents-batch+json";
    private static final Set<String> CHARSETS = Set.of("utf-8", "utf8", "us-ascii");

    /**
     * Without a type, or as the form that {@code curl -d} calls it, a body is JSON.
     *
     * @throws RefusedException with {@code UNSUPPORTED_MEDIA_TYPE}
     */
    static BodyType of(@Nullable String contentType) {
        if (contentType == null) {
            return JSON;
        }
        if (LineTypes.isLines(contentType)) {
            return LINES;
        }
        int semicolon = contentType.indexOf(';');
        String type = semicolon < 0 ? contentType : contentType.substring(0, semicolon);
        return switch (type.strip().toLowerCase(Locale.ROOT)) {
            case "", "application/json", "text/json", "application/vnd.kafka.v2+json", "application/vnd.kafka+json",
                    "application/vnd.kafka.json.v2+json", "application/x-www-form-urlencoded" -> JSON;
            case "application/vnd.kafka.text.v2+json" -> TEXT;
            case "application/vnd.kafka.binary.v2+json" -> BINARY;
            case "application/octet-stream" -> BYTES;
            case "application/cloudevents+json" -> EVENT;
            case "application/cloudevents-batch+json" -> EVENTS;
            case "text/plain" -> {
                checkCharset(contentType);
                yield PLAIN_TEXT;
            }
            default -> throw new RefusedException(ErrorCode.UNSUPPORTED_MEDIA_TYPE, "Content-Type: '" + type.strip()
                    + "' is not one of " + TAKEN);
        };
    }

    RecordFormat format() {
        return switch (this) {
            case TEXT -> RecordFormat.TEXT;
            case BINARY -> RecordFormat.BINARY;
            case JSON, LINES, PLAIN_TEXT, BYTES, EVENT, EVENTS, EVENT_DATA -> RecordFormat.JSON;
        };
    }

    private static void checkCharset(String contentType) {
        for (String parameter : contentType.split(";")) {
            String[] nameAndValue = parameter.strip().split("=", 2);
            if (nameAndValue.length == 2 && nameAndValue[0].strip().equalsIgnoreCase("charset")) {
                String charset = nameAndValue[1].strip().replace("\"", "");
                if (!CHARSETS.contains(charset.toLowerCase(Locale.ROOT))) {
                    throw new RefusedException(ErrorCode.UNSUPPORTED_MEDIA_TYPE,
                            "Content-Type: text must be UTF-8, not "
                                    + charset);
                }
            }
        }
    }
}
