package io.millrace.coordinator.group.classic;

import org.jspecify.annotations.Nullable;

/** About how much memory takes what members say. Small things count with what is around them, so that many of them are no way around a limit. */
public final class HeldBytes {
    /** An object with its place in a collection. */
    public static final int OBJECT = 64;

    private HeldBytes() {}

    public static long of(@Nullable String text) {
        return text == null ? 0 : OBJECT + text.length();
    }
}
