package io.millrace.gateway.v3.records;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.gateway.json.JsonScanner;
import io.millrace.gateway.json.MalformedJsonException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Finds the entries of <code>{"entries":[{"id", ...}]}</code>, whose ids must differ, and leaves them as they are. That the whole is JSON has
 * been seen to when this is done.
 */
final class BatchBody {
    private static final Pattern ID = Pattern.compile("[0-9a-zA-Z_-]{1,80}");
    /** No name or id that is taken is as long. */
    private static final int LONGEST_TEXT_BYTES = 100;

    private final byte[] body;
    private final int maxEntries;
    private final JsonScanner scanner = new JsonScanner();

    private BatchBody(byte[] body, int maxEntries) {
        this.body = body;
        this.maxEntries = maxEntries;
    }

    /** An entry's object is at {@code start} of the body. */
    record Entry(String id, int start, int end) {}

    /** Refused with {@code MALFORMED_BODY} or {@code INVALID_REQUEST}. */
    static List<Entry> entries(byte[] body, int length, int maxEntries) {
        try {
            return new BatchBody(body, maxEntries).read(length);
        } catch (MalformedJsonException e) {
            throw new RefusedException(ErrorCode.MALFORMED_BODY, e.getMessage() + ", at byte " + e.position());
        }
    }

    private List<Entry> read(int length) {
        scanner.reset(body, 0, length);
        List<Entry> entries = null;
        scanner.skipWhitespace();
        scanner.expect('{');
        scanner.skipWhitespace();
        if (!scanner.skip('}')) {
            do {
                String name = name();
                if (!name.equals("entries") || entries != null) {
                    throw invalid(name + (entries != null ? ": given twice" : ": unknown field; known is entries"));
                }
                entries = readEntries();
                scanner.skipWhitespace();
            } while (scanner.skip(','));
            scanner.expect('}');
        }
        scanner.skipWhitespace();
        if (!scanner.atEnd()) {
            throw invalid("something follows the object, at byte " + scanner.position());
        }
        if (entries == null || entries.isEmpty()) {
            throw invalid("entries: at least one is needed");
        }
        return entries;
    }

    private List<Entry> readEntries() {
        var entries = new ArrayList<Entry>();
        var ids = new HashSet<String>();
        scanner.expect('[');
        scanner.skipWhitespace();
        if (scanner.skip(']')) {
            return entries;
        }
        do {
            if (entries.size() == maxEntries) {
                throw invalid("entries: more than " + maxEntries);
            }
            scanner.skipWhitespace();
            int start = scanner.position();
            String id = readId();
            if (id == null || !ID.matcher(id).matches()) {
                throw invalid("entries[" + entries.size()
                        + "].id: must be a string of 1 to 80 letters, digits, '-' and '_'");
            }
            if (!ids.add(id)) {
                throw invalid("entries[" + entries.size() + "].id: '" + id + "' is another entry's too");
            }
            entries.add(new Entry(id, start, scanner.position()));
            scanner.skipWhitespace();
        } while (scanner.skip(','));
        scanner.expect(']');
        return entries;
    }

    /** Passes over an entry's object. @return its id as it is written, if that is a string */
    private @Nullable String readId() {
        String id = null;
        scanner.expect('{');
        scanner.skipWhitespace();
        if (scanner.skip('}')) {
            return null;
        }
        do {
            boolean isId = name().equals("id");
            boolean isString = scanner.peek() == '"';
            scanner.skipValue();
            if (isId && isString) {
                id = text();
            }
            scanner.skipWhitespace();
        } while (scanner.skip(','));
        scanner.expect('}');
        return id;
    }

    private String name() {
        scanner.skipWhitespace();
        scanner.scanString();
        String name = text();
        scanner.skipWhitespace();
        scanner.expect(':');
        scanner.skipWhitespace();
        return name;
    }

    /** The string passed over last, or the beginning of a long one, with its escapes; neither the known names nor ids have any. */
    private String text() {
        int length = Math.min(scanner.stringEnd() - scanner.stringStart(), LONGEST_TEXT_BYTES);
        return new String(body, scanner.stringStart(), length, UTF_8);
    }

    private static RefusedException invalid(String what) {
        return new RefusedException(ErrorCode.INVALID_REQUEST, what);
    }
}
