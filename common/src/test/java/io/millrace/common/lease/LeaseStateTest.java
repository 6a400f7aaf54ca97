package io.millrace.common.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.common.lease.LeaseState.Candidate;
import io.millrace.common.lease.LeaseState.Held;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class LeaseStateTest {
    private static final LeaseTiming TIMING = new LeaseTiming(Duration.ofNanos(1_000), Duration.ofNanos(300), Duration
            .ofNanos(100));

    @Test
    void trust_counts_from_before_the_request_was_sent() {
        var held = (Held) new Candidate().granted(TIMING, 1, 0, 500);

        assertThat(held.isTrusted(899)).isTrue();
        assertThat(held.isTrusted(900)).isFalse();
    }

    @Test
    void a_grant_that_comes_after_its_trust_ran_out_is_not_taken() {
        assertThat(new Candidate().granted(TIMING, 1, 0, 900)).isEqualTo(new Candidate());
    }

    @Test
    void a_renewal_moves_the_trust_on() {
        assertThat(new Held(1, 900).renewed(TIMING, 400, 500)).isEqualTo(new Held(1, 1_300));
    }

    @Test
    void a_late_reply_does_not_revive_a_lease() {
        assertThat(new Held(1, 900).renewed(TIMING, 800, 901)).isEqualTo(new Candidate());
    }

    @Test
    void an_older_reply_does_not_shorten_the_trust() {
        assertThat(new Held(1, 900).renewed(TIMING, -500, 500)).isEqualTo(new Held(1, 900));
    }

    @Test
    void silence_loses_the_lease_only_when_its_time_is_over() {
        assertThat(new Held(1, 900).unanswered(899)).isEqualTo(new Held(1, 900));
        assertThat(new Held(1, 900).unanswered(900)).isEqualTo(new Candidate());
    }

    @Test
    void times_compare_rightly_across_the_overflow_of_the_clock() {
        var held = (Held) new Candidate().granted(TIMING, 1, Long.MAX_VALUE - 10, Long.MIN_VALUE + 5);

        assertThat(held.isTrusted(Long.MIN_VALUE + 800)).isTrue();
        assertThat(held.isTrusted(Long.MIN_VALUE + 900)).isFalse();
    }

    @Test
    void a_ttl_of_less_than_three_renewals_is_refused() {
        assertThatThrownBy(() -> new LeaseTiming(Duration.ofSeconds(2), Duration.ofSeconds(1), Duration.ZERO))
                .hasMessageContaining("three renewals");
    }
}
