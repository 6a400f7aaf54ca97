package io.millrace.gateway.events;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.record.RecordCursor;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Which records a stream shows. Of several keys, or several values of one header, a record needs to have one; everything else that is asked
 * for must hold together. Filters of equal meaning are equal, whatever the order in which they were given.
 *
 * @param keys    texts, one of which is the record's key; empty for any key
 * @param headers values by the header's name, one of which is that header's value
 * @param where   conditions on the value, all of which hold
 */
record RecordFilter(List<String> keys, Map<String, List<String>> headers, List<ValueCondition> where) {
    static final RecordFilter NONE = new RecordFilter(List.of(), Map.of(), List.of());
    /** Before the name of a header. */
    static final String HEADER_PARAMETER = "header.";

    private static final int MAX_CONDITIONS = 16;
    private static final int MAX_TEXT_LENGTH = 1024;

    /**
     * Reads the parameters {@code key}, {@code header.NAME} and {@code where} of a request and passes over all others. Refused with
     * {@code INVALID_SETTING}.
     */
    static RecordFilter of(Map<String, String[]> parameters) {
        var keys = new TreeSet<String>();
        var headers = new TreeMap<String, List<String>>();
        var where = new TreeSet<ValueCondition>();
        int conditions = 0;
        for (var parameter : parameters.entrySet()) {
            var name = parameter.getKey();
            if (!isFilter(name)) {
                continue;
            }
            conditions += parameter.getValue().length;
            for (var text : parameter.getValue()) {
                checkLength(name, text);
            }
            if (name.equals("key")) {
                keys.addAll(List.of(parameter.getValue()));
            } else if (name.equals("where")) {
                for (var text : parameter.getValue()) {
                    where.add(ValueCondition.parse(text));
                }
            } else {
                checkLength(name, name);
                headers.put(headerName(name), List.copyOf(new TreeSet<>(Arrays.asList(parameter.getValue()))));
            }
        }
        if (conditions > MAX_CONDITIONS) {
            throw refused("key, header.NAME, where: " + conditions + " conditions are more than the " + MAX_CONDITIONS
                    + " of one stream");
        }
        return conditions == 0 ? NONE : new RecordFilter(List.copyOf(keys), Map.copyOf(headers), List.copyOf(where));
    }

    static boolean isFilter(String parameter) {
        return parameter.equals("key") || parameter.equals("where") || parameter.startsWith(HEADER_PARAMETER);
    }

    boolean isNone() {
        return keys.isEmpty() && headers.isEmpty() && where.isEmpty();
    }

    /** What the filter looks for, in the bytes that it is compared with. One thread's own. */
    Matcher matcher() {
        return new Matcher(this);
    }

    private static String headerName(String parameter) {
        var name = parameter.substring(HEADER_PARAMETER.length());
        if (name.isEmpty()) {
            throw refused("header.: the name of a header is wanted after the point, as in header.source=web");
        }
        return name;
    }

    private static void checkLength(String name, String text) {
        if (text.length() > MAX_TEXT_LENGTH) {
            throw refused(name.substring(0, Math.min(name.length(), 100)) + ": longer than " + MAX_TEXT_LENGTH
                    + " characters");
        }
    }

    static RefusedException refused(String message) {
        return new RefusedException(ErrorCode.INVALID_SETTING, message);
    }

    /** Compares records with the filter. */
    static final class Matcher {
        private final byte[][] keys;
        private final List<String> keyTexts;
        private final byte[][] headerNames;
        private final byte[][][] headerValues;
        private final ValueCondition[] where;

        private Matcher(RecordFilter filter) {
            keyTexts = filter.keys;
            keys = bytes(filter.keys);
            var entries = new ArrayList<>(filter.headers.entrySet());
            headerNames = bytes(entries.stream().map(Map.Entry::getKey).toList());
            headerValues = entries.stream().map(entry -> bytes(entry.getValue())).toArray(byte[][][]::new);
            where = filter.where.toArray(ValueCondition[]::new);
        }

        /** Looks at the cursor's present record. */
        boolean matches(RecordCursor record) {
            return hasKey(record) && hasHeaders(record) && hasValue(record);
        }

        private boolean hasKey(RecordCursor record) {
            if (keys.length == 0) {
                return true;
            }
            int length = record.keyLength();
            int start = record.keyStart();
            if (length < 0) {
                return false;
            }
            if (isOneOf(keys, record.bytes(), start, length)) {
                return true;
            }
            // Keys that were produced as JSON are stored with their quotation marks.
            return length >= 2 && record.bytes()[start] == '"' && ValueCondition.isString(record.bytes(), start, length,
                    keyTexts);
        }

        private boolean hasHeaders(RecordCursor record) {
            for (int h = 0; h < headerNames.length; h++) {
                if (!hasHeader(record, headerNames[h], headerValues[h])) {
                    return false;
                }
            }
            return true;
        }

        private static boolean hasHeader(RecordCursor record, byte[] name, byte[][] values) {
            record.rewindHeaders();
            while (record.nextHeader()) {
                if (isEqual(name, record.bytes(), record.headerKeyStart(), record.headerKeyLength())
                        && record.headerValueLength() >= 0
                        && isOneOf(values, record.bytes(), record.headerValueStart(), record.headerValueLength())) {
                    return true;
                }
            }
            return false;
        }

        private boolean hasValue(RecordCursor record) {
            for (var condition : where) {
                if (record.valueLength() < 0 || !condition.holds(record.bytes(), record.valueStart(), record
                        .valueLength())) {
                    return false;
                }
            }
            return true;
        }

        private static boolean isOneOf(byte[][] wanted, byte[] bytes, int start, int length) {
            for (var each : wanted) {
                if (isEqual(each, bytes, start, length)) {
                    return true;
                }
            }
            return false;
        }

        private static boolean isEqual(byte[] wanted, byte[] bytes, int start, int length) {
            return Arrays.equals(wanted, 0, wanted.length, bytes, start, start + length);
        }

        private static byte[][] bytes(Collection<String> texts) {
            return texts.stream().map(text -> text.getBytes(StandardCharsets.UTF_8)).toArray(byte[][]::new);
        }
    }
}
