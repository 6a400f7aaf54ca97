package io.millrace.offset.commit;

import org.jspecify.annotations.Nullable;

/** Names that come from outside and end in a text column. */
public final class Names {
    /** Bytes in UTF-8 stay far below what an index entry may hold (2704). */
    private static final int MAX_LENGTH = 255;

    private Names() {}

    /** @return what is wrong with it, or null */
    public static @Nullable String fault(String what, @Nullable String name) {
        if (name == null || name.isEmpty()) {
            return what + " is missing";
        }
        if (name.length() > MAX_LENGTH) {
            return what + " has " + name.length() + " characters, at most " + MAX_LENGTH + " are allowed";
        }
        return isStorable(name) ? null : what + " holds a character that cannot be stored";
    }

    /** PostgreSQL's text holds no NUL, and UTF-8 no lone surrogate. */
    static boolean isStorable(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == 0) {
                return false;
            }
            if (Character.isSurrogate(c)) {
                if (Character.isLowSurrogate(c) || i + 1 == text.length() || !Character.isLowSurrogate(text.charAt(i
                        + 1))) {
                    return false;
                }
                i++;
            }
        }
        return true;
    }
}
