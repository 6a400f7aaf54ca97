package io.millrace.workbench.torture.check;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A record's identity, which is its value: no two records that are written on purpose have the same.
 *
 * @param sequence counts the records of one producer in the order in which it sent them, over all partitions
 */
public record Write(int producer, long sequence) {
    private static final Pattern TEXT = Pattern.compile("\"?w(\\d{1,9})-(\\d{1,18})\"?");

    /** As {@link #toString()} wrote it, in quotes or not. */
    public static Write parse(String text) {
        Matcher matcher = TEXT.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("not a value that was written here: " + text);
        }
        return new Write(Integer.parseInt(matcher.group(1)), Long.parseLong(matcher.group(2)));
    }

    @Override
    public String toString() {
        return "w" + producer + "-" + sequence;
    }
}
