package io.millrace.workbench.suite;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/**
 * What a test needs that not every machine has. Without it the test is left out, with the reason; where {@code -Dmillrace.required} names it,
 * or says {@code all}, it fails.
 */
public enum Requisite {
    CHROMIUM, NPM, LIBRDKAFKA, KCAT, CURL, KUBECTL, DOCKER;

    private static final String ALL = "all";

    /** @param missing what to tell where it is not there */
    public void demand(boolean isThere, String missing) {
        demand(isThere, missing, named(System.getProperty("millrace.required", "")));
    }

    void demand(boolean isThere, String missing, Set<Requisite> required) {
        if (!isThere && required.contains(this)) {
            fail("required, and " + missing);
        }
        assumeTrue(isThere, "left out: " + missing);
    }

    /** Those that the property names, comma-separated; whoever names another is told, and not believed to have required nothing. */
    static Set<Requisite> named(String property) {
        var named = EnumSet.noneOf(Requisite.class);
        for (var name : property.split(",")) {
            var trimmed = name.trim();
            if (trimmed.equals(ALL)) {
                return EnumSet.allOf(Requisite.class);
            }
            if (!trimmed.isEmpty()) {
                named.add(Arrays.stream(values()).filter(each -> each.toString().equals(trimmed)).findAny().orElseThrow(
                        () -> new IllegalArgumentException("millrace.required: '" + trimmed + "' is none of "
                                + Arrays.toString(values()) + " or all")));
            }
        }
        return named;
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
