package io.millrace.coordinator.group;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import io.millrace.coordinator.group.classic.HeldBytes;
import org.jspecify.annotations.Nullable;

/**
 * A regular expression over whole topic names. RE2 matches in time linear in the name and in the program that the expression is compiled to
 * (KIP-848, "Regex"), and that program is bounded before it is made: no pattern of a client's can hold up its group, or take its memory.
 */
public final class TopicPattern {
    /** Instructions of one pattern's program, and so characters too. */
    public static final int MAX_PROGRAM = 10_000;
    /** RE2/J goes down into groups within groups on its caller's stack. */
    static final int MAX_DEPTH = 100;
    /** Of an instruction, and of what matching keeps for it between two calls. */
    private static final int INSTRUCTION_BYTES = 256;

    private final String source;
    private final @Nullable Pattern compiled;

    private TopicPattern(String source, @Nullable Pattern compiled) {
        this.source = source;
        this.compiled = compiled;
    }

    /** @throws IllegalArgumentException with a sentence for the client when the expression is not RE2's, or too large */
    public static TopicPattern of(String source) {
        if (PatternSize.of(source, MAX_PROGRAM, MAX_DEPTH) > MAX_PROGRAM) {
            throw new IllegalArgumentException(("topic pattern is too large: written out, with what it counts, it may "
                    + "have %d parts, and groups within groups %d deep").formatted(MAX_PROGRAM, MAX_DEPTH));
        }
        try {
            return new TopicPattern(source, Pattern.compile(source));
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException("topic pattern is not a valid RE2 expression: " + e.getMessage(), e);
        }
    }

    /** One that was let in once; where it would not be today it {@linkplain #isUsable() matches nothing}, and whoever takes up its group does so. */
    public static TopicPattern stored(String source) {
        try {
            return of(source);
        } catch (IllegalArgumentException e) {
            return new TopicPattern(source, null);
        }
    }

    public String source() {
        return source;
    }

    public boolean isUsable() {
        return compiled != null;
    }

    public boolean matches(String topicName) {
        return compiled != null && compiled.matches(topicName);
    }

    /** About the memory that it takes. */
    long heldBytes() {
        long instructions = compiled == null ? 0 : compiled.programSize();
        return HeldBytes.of(source) + INSTRUCTION_BYTES * instructions;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof TopicPattern pattern && source.equals(pattern.source);
    }

    @Override
    public int hashCode() {
        return source.hashCode();
    }

    @Override
    public String toString() {
        return source;
    }
}
