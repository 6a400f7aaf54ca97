package io.millrace.gateway.records;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** How keys and values are shown in JSON. */
public enum RecordFormat {
    /** They are JSON themselves and stand in the answer as they were stored. */
    JSON("application/vnd.kafka.json.v2+json"),
    /** Any bytes, as base64. */
    BINARY("application/vnd.kafka.binary.v2+json"),
    /** UTF-8 text, as a JSON string. */
    TEXT("application/vnd.kafka.text.v2+json");

    private final String mediaType;

    RecordFormat(String mediaType) {
        this.mediaType = mediaType;
    }

    public String mediaType() {
        return mediaType;
    }

    /** Lower-case name, as in a consumer's {@code format} and a stream's {@code format=}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Refused with {@code INVALID_SETTING} unless it is {@code json}, {@code binary} or {@code text}. */
    public static RecordFormat ofLabel(String label) {
        for (RecordFormat format : values()) {
            if (format.label().equals(label)) {
                return format;
            }
        }
        throw new RefusedException(ErrorCode.INVALID_SETTING, "format: '" + label
                + "' is not one of json, binary, text");
    }

    /**
     * The record format that a {@code Content-Type} or {@code Accept} header names, or null when it names none: plain
     * {@code application/json}, everything, or something else altogether, which all mean JSON.
     */
    public static @Nullable RecordFormat named(@Nullable String header) {
        if (header == null) {
            return null;
        }
        int at = indexOfVendorType(header);
        if (at < 0) {
            return null;
        }
        for (RecordFormat format : values()) {
            String type = format.mediaType;
            if (header.regionMatches(true, at, type, 0, type.length())) {
                return format;
            }
        }
        return null;
    }

    private static int indexOfVendorType(String header) {
        String prefix = "application/vnd.kafka.";
        for (int at = 0; at + prefix.length() <= header.length(); at++) {
            if (header.regionMatches(true, at, prefix, 0, prefix.length())) {
                for (RecordFormat format : values()) {
                    if (header.regionMatches(true, at, format.mediaType, 0, format.mediaType.length())) {
                        return at;
                    }
                }
            }
        }
        return -1;
    }
}
