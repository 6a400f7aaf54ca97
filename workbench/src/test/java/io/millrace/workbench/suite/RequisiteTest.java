package io.millrace.workbench.suite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Set;
import org.junit.jupiter.api.Test;
import org.opentest4j.AssertionFailedError;
import org.opentest4j.TestAbortedException;

class RequisiteTest {
    @Test
    void a_test_is_left_out_without_what_it_needs_and_says_why() {
        assertThatThrownBy(() -> Requisite.KCAT.demand(false, "kcat is not installed", Set.of(Requisite.NPM)))
                .isInstanceOf(TestAbortedException.class).hasMessageContaining("left out: kcat is not installed");
    }

    @Test
    void a_test_fails_without_what_is_required() {
        assertThatThrownBy(() -> Requisite.KCAT.demand(false, "kcat is not installed", Set.of(Requisite.KCAT)))
                .isInstanceOf(AssertionFailedError.class).hasMessage("required, and kcat is not installed");
    }

    @Test
    void a_test_that_has_what_it_needs_goes_on() {
        assertThatCode(() -> Requisite.KCAT.demand(true, "", Set.of(Requisite.KCAT))).doesNotThrowAnyException();
    }

    @Test
    void those_that_are_named_are_required() {
        assertThat(Requisite.named("")).isEmpty();
        assertThat(Requisite.named("chromium, npm,kcat")).containsExactly(Requisite.CHROMIUM, Requisite.NPM,
                Requisite.KCAT);
        assertThat(Requisite.named("all")).containsExactly(Requisite.values());
    }

    @Test
    void a_name_that_is_none_is_refused() {
        assertThatThrownBy(() -> Requisite.named("chromum")).hasMessageContaining("chromum").hasMessageContaining(
                "chromium");
    }
}
