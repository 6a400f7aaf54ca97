package io.millrace.gateway.events;

import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import org.jspecify.annotations.Nullable;

/** Where a stream begins in one partition. */
sealed interface StartPosition {
    /** To be looked up in the log. */
    sealed interface Lookup extends StartPosition {}

    record Earliest() implements Lookup {}

    record Latest() implements Lookup {}

    /** The first record that is not older; the end when there is none. */
    record Since(long timestampMs) implements Lookup {}

    record At(long offset) implements StartPosition {}

    /** Reads {@code earliest}, {@code latest}, milliseconds since 1970 or an ISO-8601 time with its zone; null for anything else. */
    static @Nullable Lookup parse(String from) {
        return switch (from) {
            case "earliest" -> new Earliest();
            case "latest" -> new Latest();
            default -> parseTime(from);
        };
    }

    private static @Nullable Lookup parseTime(String from) {
        if (from.matches("\\d{1,15}")) {
            return new Since(Long.parseLong(from));
        }
        try {
            return new Since(OffsetDateTime.parse(from).toInstant().toEpochMilli());
        } catch (DateTimeParseException | ArithmeticException e) {
            return null;
        }
    }
}
