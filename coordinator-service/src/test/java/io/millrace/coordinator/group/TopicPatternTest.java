package io.millrace.coordinator.group;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TopicPatternTest {
    private static final long FEW_BYTES = 4 << 20;
    /** What decides how an expression is taken apart, and what may look like it. */
    private static final List<String> PIECES = List.of("a", "b", ".", "^", "$", "|", "(", "(", "(?:", ")", ")", "(?i)",
            "(?P<n>", "*", "+?", "?", "{2}", "{3,}", "{0,4}", "{1,3}?", "{01}", "{,3}", "{", "}", "[", "]", "[]a]",
            "[^b]", "[[:alpha:]x]", "[[:]", "[\\]{2}]", "-", "\\d", "\\pL", "\\p{Greek}", "[\\p{Greek}]", "\\x{61}",
            "\\x61",
            "\\Q", "\\E", "\\Q(a{3}\\E", "\\Q[\\E", "\\(", "\\\\", "\\[", "\\b", "é", "😀");

    @ParameterizedTest
    @ValueSource(strings = {"(((a{1000}){1000}){1000})", "(((a{100}){100}){100})", "(?:(?:a{200}){200})",
            "(a{1000}b{1000}){10}", "a{1000}(?i){1000}(?i){1000}", "\\Q[\\E(?:a{1000}){1000}[\\Q]",
            "[]](?:a{1000}){1000}[]", "[[:](?:a{1000}){1000}[]]", "(?:[\\p{L}]{500}){500}", "(?:x{0,1000}){0,1000}"})
    void what_would_be_a_large_program_is_refused_before_it_is_one(String source) {
        long before = allocatedBytes();

        assertThatThrownBy(() -> TopicPattern.of(source)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("too large");

        assertThat(allocatedBytes() - before).isLessThan(FEW_BYTES);
    }

    @Test
    void neither_length_nor_depth_takes_memory_or_the_callers_stack() {
        String eightMegabytes = "a{1000}".repeat(8 << 20 >> 3);
        String deep = "(".repeat(4_000) + "a" + ")".repeat(4_000);
        long before = allocatedBytes();

        for (String source : List.of(eightMegabytes, deep)) {
            assertThatThrownBy(() -> TopicPattern.of(source)).hasMessageContaining("too large");
        }

        assertThat(allocatedBytes() - before).isLessThan(FEW_BYTES);
    }

    @ParameterizedTest
    @ValueSource(strings = {"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "\\d{4}-\\d{2}-\\d{2}\\..*",
            "(orders|returns|refunds)(-v[0-9]{1,3})?", "\\Q{1000}{1000}{1000}\\E", "[{1000}]{3}", "\\p{L}+"})
    void what_people_write_is_let_in(String source) {
        assertThat(TopicPattern.of(source).source()).isEqualTo(source);
    }

    @Test
    void no_program_is_larger_than_it_was_taken_for() {
        var random = new Random(848);
        int compiled = 0;
        for (int i = 0; i < 50_000; i++) {
            var source = new StringBuilder();
            for (int pieces = random.nextInt(1, 12); pieces > 0; pieces--) {
                source.append(PIECES.get(random.nextInt(PIECES.size())));
            }
            long size = PatternSize.of(source.toString(), 100_000, 100);
            Pattern pattern = size > 20_000 ? null : compiled(source.toString());
            if (pattern != null) {
                compiled++;
                assertThat(size).as(source.toString()).isGreaterThanOrEqualTo(pattern.programSize());
            }
        }
        assertThat(compiled).isGreaterThan(5_000);
    }

    @Test
    void one_that_was_let_in_once_and_would_not_be_now_matches_nothing() {
        TopicPattern tooLarge = TopicPattern.stored("(((a{1000}){1000}){1000})");
        TopicPattern fine = TopicPattern.stored("or.*");

        assertThat(tooLarge.isUsable()).isFalse();
        assertThat(tooLarge.matches("a".repeat(249))).isFalse();
        assertThat(tooLarge.source()).isEqualTo("(((a{1000}){1000}){1000})");
        assertThat(fine.isUsable()).isTrue();
        assertThat(fine.matches("orders")).isTrue();
    }

    @Test
    void what_a_pattern_holds_goes_by_its_program() {
        assertThat(TopicPattern.of("(a{90}){90}").heldBytes()).isGreaterThan(8_100 * 100).isLessThan(FEW_BYTES);
        assertThat(TopicPattern.of("or.*").heldBytes()).isLessThan(10_000);
    }

    private static Pattern compiled(String source) {
        try {
            return Pattern.compile(source);
        } catch (PatternSyntaxException e) {
            return null;
        }
    }

    private static long allocatedBytes() {
        return ((com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
    }
}
