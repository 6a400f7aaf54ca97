package io.millrace.broker.log;

import org.jspecify.annotations.Nullable;

/** Names of the files in a partition's folder, as Kafka gives them: the segment's base offset in twenty digits and a suffix. */
final class FileNames {
    static final String LOG = ".log";
    static final String OFFSET_INDEX = ".index";
    static final String TIME_INDEX = ".timeindex";
    static final String SNAPSHOT = ".snapshot";
    static final String DELETED = ".deleted";

    private static final int OFFSET_DIGITS = 20;

    private FileNames() {}

    static String of(long offset, String suffix) {
        String digits = Long.toString(offset);
        return "0".repeat(OFFSET_DIGITS - digits.length()) + digits + suffix;
    }

    /** The offset in the name of a file with this suffix, or null when the name is another's. */
    static @Nullable Long offset(String name, String suffix) {
        if (name.length() != OFFSET_DIGITS + suffix.length() || !name.endsWith(suffix)) {
            return null;
        }
        for (int i = 0; i < OFFSET_DIGITS; i++) {
            if (!Character.isDigit(name.charAt(i))) {
                return null;
            }
        }
        try {
            return Long.valueOf(name.substring(0, OFFSET_DIGITS));
        } catch (NumberFormatException e) {
            return null;
        }
    }

    /** Files that an interrupted deletion, cleaning or replacement left behind. */
    static boolean isLeftover(String name) {
        return name.endsWith(DELETED) || name.endsWith(".cleaned") || name.endsWith(".swap") || name.endsWith(".tmp");
    }
}
