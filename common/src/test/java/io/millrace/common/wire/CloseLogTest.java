package io.millrace.common.wire;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.common.wire.CloseLog.Throttle;
import org.junit.jupiter.api.Test;

class CloseLogTest {
    private final Throttle throttle = new Throttle(60);

    @Test
    void the_first_is_told_and_what_follows_it_soon_is_counted() {
        assertThat(throttle.take(-5)).isZero();
        assertThat(throttle.take(-5)).isEqualTo(Throttle.PASS_OVER);
        assertThat(throttle.take(54)).isEqualTo(Throttle.PASS_OVER);
        assertThat(throttle.take(55)).isEqualTo(2);
        assertThat(throttle.take(114)).isEqualTo(Throttle.PASS_OVER);
        assertThat(throttle.take(200)).isEqualTo(1);
    }

    @Test
    void what_comes_seldom_is_always_told() {
        assertThat(throttle.take(0)).isZero();
        assertThat(throttle.take(60)).isZero();
        assertThat(throttle.take(1_000)).isZero();
    }
}
