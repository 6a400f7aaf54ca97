package io.millrace.coordinator.group;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * A regular expression over whole topic names. RE2 matches in time linear in the name, so no pattern of a client's can
 * hold up its group (KIP-848, "Regex").
 */
public final class TopicPattern {
    private final String source;
    private final Pattern compiled;

    private TopicPattern(String source, Pattern compiled) {
        this.source = source;
        this.compiled = compiled;
    }

    /** @throws IllegalArgumentException with a sentence for the client when the expression is not RE2's */
    public static TopicPattern of(String source) {
        try {
            return new TopicPattern(source, Pattern.compile(source));
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException("topic pattern is not a valid RE2 expression: " + e.getMessage(), e);
        }
    }

    public String source() {
        return source;
    }

    public boolean matches(String topicName) {
        return compiled.matches(topicName);
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
