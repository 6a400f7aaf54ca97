package io.millrace.gateway.producer;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.TopicImage;
import io.millrace.common.record.RequestKey;
import org.jspecify.annotations.Nullable;

/** The {@code Idempotency-Key} header: a string as structured fields have it, {@code "8e03978e"} (RFC 8941, 3.3.3), or without its quotes. */
public final class IdempotencyKeys {
    public static final String HEADER = "Idempotency-Key";
    private static final int MAX_LENGTH = 255;

    private IdempotencyKeys() {}

    /**
     * The key of a request to the topic.
     *
     * @param header null if there is none
     * @return null without a header
     * @throws RefusedException as {@link #text}
     */
    public static @Nullable RequestKey read(@Nullable String header, TopicImage topic) {
        return header == null ? null : RequestKey.of(topic.id(), text(header));
    }

    /**
     * The key of one part of a request that is taken in parts, none of which is what another request's key stands for.
     *
     * @param text of the header
     */
    public static RequestKey part(String text, long number, TopicImage topic) {
        return RequestKey.of(topic.id(), text + '\n' + number);
    }

    /** @throws RefusedException with {@code INVALID_REQUEST}: it is empty, or longer than 255 characters, or not printable ASCII */
    public static String text(String header) {
        return unquoted(header.strip());
    }

    private static String unquoted(String header) {
        var text = new StringBuilder(header.length());
        boolean quoted = header.startsWith("\"");
        int end = quoted ? header.length() - 1 : header.length();
        if (quoted && (end == 0 || header.charAt(end) != '"')) {
            throw refused("its closing quote is missing");
        }
        for (int i = quoted ? 1 : 0; i < end; i++) {
            char c = header.charAt(i);
            if (quoted && c == '\\' && ++i < end) {
                c = header.charAt(i);
            } else if (c < ' ' || c > '~' || c == '"' || quoted && c == '\\') {
                throw refused("it is not a string of printable ASCII characters");
            }
            text.append(c);
        }
        if (text.isEmpty() || text.length() > MAX_LENGTH) {
            throw refused("it must have 1 to " + MAX_LENGTH + " characters");
        }
        return text.toString();
    }

    private static RefusedException refused(String why) {
        return new RefusedException(ErrorCode.INVALID_REQUEST, HEADER + ": " + why);
    }
}
