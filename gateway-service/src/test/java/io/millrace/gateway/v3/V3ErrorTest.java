package io.millrace.gateway.v3;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.common.error.ErrorCode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class V3ErrorTest {
    @ParameterizedTest
    @EnumSource
    void every_refusal_has_a_code_that_begins_with_its_status(ErrorCode code) {
        var error = V3Error.of(code);

        assertThat(error.errorCode()).isIn(error.status(), 40002, 40403, 50003, 50302);
        // Confluent's retriable errors are 500, which few programs try again.
        assertThat(error.errorCode() == V3Error.RETRIABLE ? "503" : String.valueOf(error.errorCode())).startsWith(String
                .valueOf(error.status()));
    }

    @ParameterizedTest
    @EnumSource
    void what_may_succeed_later_is_told_so(ErrorCode code) {
        assertThat(V3Error.of(code).status() == 503 || V3Error.of(code).status() == 429).isEqualTo(code.isRetriable());
    }
}
