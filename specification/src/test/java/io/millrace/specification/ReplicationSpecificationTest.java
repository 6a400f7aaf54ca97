package io.millrace.specification;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.specification.ModelChecker.Size;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Checks docs/spec/Replication.tla with each configuration beside it. The first line of a configuration says what must come of it:
 * {@code \* Expect: no error, at least N states}, or {@code \* Expect: X is violated}.
 */
@Execution(ExecutionMode.CONCURRENT)
class ReplicationSpecificationTest {
    private static final Path SPEC = directory();
    private static final Path REPLICATION = SPEC.resolve("Replication.tla");
    private static final Pattern HOLDS = Pattern.compile("\\\\\\* Expect: no error, at least (\\d+) states");
    private static final Pattern VIOLATED = Pattern.compile("\\\\\\* Expect: (\\w+) is violated");
    private static final Pattern RULES = Pattern.compile("Broken \\\\subseteq \\{([^}]*)}");
    private static final Pattern RULE = Pattern.compile("\"(\\w+)\"");

    @TempDir
    Path directory;

    @ParameterizedTest
    @MethodSource("designs")
    void the_design_holds(Path configuration) throws Exception {
        assertHolds(configuration, Size.SMALL);
    }

    @ParameterizedTest
    @MethodSource("largeDesigns")
    @EnabledIfSystemProperty(named = "millrace.spec.large", matches = "true")
    void the_design_holds_within_larger_bounds(Path configuration) throws Exception {
        assertHolds(configuration, Size.LARGE);
    }

    @ParameterizedTest
    @MethodSource("brokenDesigns")
    void the_design_without_one_of_its_rules_breaks(Path configuration) throws Exception {
        assertViolates(configuration);
    }

    @ParameterizedTest
    @MethodSource("reachedStates")
    void the_model_gets_where_it_matters(Path configuration) throws Exception {
        assertViolates(configuration);
    }

    @Test
    void every_rule_that_can_be_left_out_is_left_out_once() throws Exception {
        var rules = RULES.matcher(Files.readString(REPLICATION)).results().findFirst().orElseThrow();

        assertThat(brokenDesigns().map(path -> path.getFileName().toString().replace(".cfg", "")))
                .containsExactlyInAnyOrderElementsOf(names(rules.group(1)));
        assertThat(brokenDesigns()).allSatisfy(path -> assertThat(Files.readString(path))
                .contains("Broken = {\"" + path.getFileName().toString().replace(".cfg", "") + "\"}"));
    }

    private void assertHolds(Path configuration, Size size) throws IOException, InterruptedException {
        var expected = expectation(HOLDS, configuration);

        var outcome = new ModelChecker(directory, size).check(REPLICATION, configuration);

        assertThat(outcome.completed()).as(outcome.output()).isTrue();
        assertThat(outcome.violated()).as(outcome.output()).isEmpty();
        assertThat(outcome.distinctStates()).as(outcome.output()).isGreaterThanOrEqualTo(Long.parseLong(expected));
    }

    private void assertViolates(Path configuration) throws IOException, InterruptedException {
        var expected = expectation(VIOLATED, configuration);

        var outcome = new ModelChecker(directory, Size.SMALL).check(REPLICATION, configuration);

        assertThat(outcome.violated()).as(outcome.output()).contains(expected);
    }

    private static String expectation(Pattern pattern, Path configuration) throws IOException {
        try (var lines = Files.lines(configuration)) {
            var first = pattern.matcher(lines.findFirst().orElse(""));
            assertThat(first.matches()).as("the first line of %s says what to expect", configuration).isTrue();
            return first.group(1);
        }
    }

    private static Stream<Path> designs() throws IOException {
        return configurations(SPEC);
    }

    private static Stream<Path> largeDesigns() throws IOException {
        return configurations(SPEC.resolve("large"));
    }

    private static Stream<Path> brokenDesigns() throws IOException {
        return configurations(SPEC.resolve("broken"));
    }

    private static Stream<Path> reachedStates() throws IOException {
        return configurations(SPEC.resolve("reached"));
    }

    private static Stream<Path> configurations(Path directory) throws IOException {
        try (var files = Files.list(directory)) {
            return files.filter(file -> file.toString().endsWith(".cfg")).sorted().toList().stream();
        }
    }

    private static List<String> names(String quoted) {
        return RULE.matcher(quoted).results().map((MatchResult match) -> match.group(1)).toList();
    }

    private static Path directory() {
        Path root = Path.of("").toAbsolutePath();
        while (!Files.exists(root.resolve("docs/spec"))) {
            root = root.getParent();
            if (root == null) {
                throw new IllegalStateException("docs/spec is in no directory above " + Path.of("").toAbsolutePath());
            }
        }
        return root.resolve("docs/spec");
    }
}
