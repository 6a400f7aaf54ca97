package io.millrace.gateway.produce;

import org.jspecify.annotations.Nullable;

/** The names of bodies that are JSON lines. They are read a line at a time, so that no limit of size holds for the whole. */
final class LineTypes {
    private static final String[] NAMES = {"application/x-ndjson", "application/ndjson", "application/jsonl"};

    private LineTypes() {}

    static boolean isLines(@Nullable String contentType) {
        if (contentType == null) {
            return false;
        }
        for (String name : NAMES) {
            if (contentType.regionMatches(true, 0, name, 0, name.length()) && (contentType.length() == name.length()
                    || contentType.charAt(name.length()) == ';' || contentType.charAt(name.length()) == ' ')) {
                return true;
            }
        }
        return false;
    }
}
