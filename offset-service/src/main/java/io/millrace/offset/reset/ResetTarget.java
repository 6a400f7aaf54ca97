package io.millrace.offset.reset;

import io.millrace.common.api.OffsetsApi.Reset;
import org.jspecify.annotations.Nullable;

/** Where to move offsets to. Every target is clamped to what the log holds, as Kafka's own reset tool does. */
sealed interface ResetTarget {
    record Earliest() implements ResetTarget {}

    record Latest() implements ResetTarget {}

    record ToOffset(long offset) implements ResetTarget {}

    /** The first record that is not older; the end of the log when there is none. */
    record ToTimestamp(long timestampMs) implements ResetTarget {}

    /** Relative to what is committed. */
    record ShiftBy(long offsets) implements ResetTarget {}

    /** What a request asks for, or what is wrong with it. */
    sealed interface Parsed {
        record Target(ResetTarget target) implements Parsed {}

        record Invalid(String message) implements Parsed {}
    }

    /**
     * What is known about one partition.
     *
     * @param beginning first offset of its log
     * @param end       the offset after its last record
     * @param committed what the group has committed, or null
     * @param atTime    what the log answered for {@link ToTimestamp}, or null: no record is that young
     */
    record LogRange(long beginning, long end, @Nullable Long committed, @Nullable Long atTime) {}

    static Parsed parse(Reset reset) {
        Long value = reset.value();
        return switch (reset.to()) {
            case null -> invalid("to is missing: earliest, latest, offset, timestamp or shift");
            case "earliest", "latest" -> {
                if (value != null) {
                    yield invalid("value must be left out when to is " + reset.to());
                }
                yield reset.to().equals("earliest") ? target(new Earliest()) : target(new Latest());
            }
            case "offset", "timestamp" -> {
                if (value == null || value < 0) {
                    yield invalid("value must be " + (reset.to().equals("offset") ? "an offset" : "a time in ms")
                            + ", not negative, when to is " + reset.to());
                }
                yield reset.to().equals("offset") ? target(new ToOffset(value)) : target(new ToTimestamp(value));
            }
            case "shift" -> value == null ? invalid("value must be the number of offsets to shift by")
                    : target(new ShiftBy(value));
            default -> invalid("to is '" + reset.to() + "', must be earliest, latest, offset, timestamp or shift");
        };
    }

    private static Parsed target(ResetTarget target) {
        return new Parsed.Target(target);
    }

    private static Parsed invalid(String message) {
        return new Parsed.Invalid(message);
    }

    /** The offset to commit; for {@link ShiftBy} the range must have a committed offset. */
    default long resolve(LogRange range) {
        return switch (this) {
            case Earliest _ -> range.beginning();
            case Latest _ -> range.end();
            case ToOffset(long offset) -> clamp(offset, range);
            case ToTimestamp _ -> range.atTime() == null ? range.end() : clamp(range.atTime(), range);
            case ShiftBy(long shift) -> clamp(shifted(java.util.Objects.requireNonNull(range.committed()), shift),
                    range);
        };
    }

    private static long shifted(long committed, long shift) {
        long sum = committed + shift;
        boolean overflowed = shift > 0 && sum < committed;
        return overflowed ? Long.MAX_VALUE : sum;
    }

    private static long clamp(long offset, LogRange range) {
        return Math.clamp(offset, range.beginning(), range.end());
    }
}
