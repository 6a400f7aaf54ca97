package io.millrace.offset.reset;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.common.api.OffsetsApi.Reset;
import io.millrace.offset.reset.ResetTarget.LogRange;
import io.millrace.offset.reset.ResetTarget.Parsed;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ResetTargetTest {
    @ParameterizedTest
    @CsvSource(nullValues = "-", value = {
            // to, value, committed, at time, expected: of a log from 100 to 200
            "earliest, -, 150, -, 100",
            "latest, -, 150, -, 200",
            "offset, 120, 150, -, 120",
            "offset, 0, 150, -, 100",
            "offset, 100, 150, -, 100",
            "offset, 200, 150, -, 200",
            "offset, 201, 150, -, 200",
            "offset, 9223372036854775807, 150, -, 200",
            "timestamp, 5, 150, 130, 130",
            "timestamp, 5, 150, -, 200",
            "timestamp, 5, 150, 90, 100",
            "shift, 10, 150, -, 160",
            "shift, -10, 150, -, 140",
            "shift, 0, 150, -, 150",
            "shift, 0, 7, -, 100",
            "shift, 60, 150, -, 200",
            "shift, -60, 150, -, 100",
            "shift, 9223372036854775807, 150, -, 200",
            "shift, -9223372036854775808, 150, -, 100",
    })
    void a_target_is_clamped_to_what_the_log_holds(
            String to, @Nullable Long value, Long committed, @Nullable Long atTime, long expected) {
        assertThat(ResetTarget.parse(new Reset(to, value, null))).isInstanceOfSatisfying(Parsed.Target.class,
                parsed -> assertThat(parsed.target().resolve(new LogRange(100, 200, committed, atTime))).isEqualTo(
                        expected));
    }

    @ParameterizedTest
    @CsvSource(nullValues = "-", value = {
            "-, -, to is missing",
            "middle, -, to is 'middle'",
            "earliest, 1, value must be left out",
            "latest, 1, value must be left out",
            "offset, -, value must be an offset",
            "offset, -1, value must be an offset",
            "timestamp, -, value must be a time in ms",
            "timestamp, -1, value must be a time in ms",
            "shift, -, value must be the number",
    })
    void what_is_wrong_is_said(@Nullable String to, @Nullable Long value, String expected) {
        assertThat(ResetTarget.parse(new Reset(to, value, null))).isInstanceOfSatisfying(Parsed.Invalid.class,
                parsed -> assertThat(parsed.message()).startsWith(expected));
    }

    @Test
    void an_empty_log_has_one_place_to_go() {
        var empty = new LogRange(0, 0, 5L, null);

        assertThat(new ResetTarget.ToOffset(7).resolve(empty)).isZero();
        assertThat(new ResetTarget.ShiftBy(-1).resolve(empty)).isZero();
        assertThat(new ResetTarget.ToTimestamp(7).resolve(empty)).isZero();
    }
}
