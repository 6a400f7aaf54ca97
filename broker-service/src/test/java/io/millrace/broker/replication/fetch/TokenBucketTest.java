package io.millrace.broker.replication.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TokenBucketTest {
    private static final long SECOND = 1_000_000_000L;

    @Test
    void without_a_limit_everything_passes() {
        TokenBucket bucket = new TokenBucket(0, 0);

        bucket.take(Long.MAX_VALUE / 2);

        assertThat(bucket.available(0)).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void what_is_taken_comes_back_with_time_and_never_gathers_beyond_a_second() {
        TokenBucket bucket = new TokenBucket(1_000, 0);
        bucket.take(1_000);

        assertThat(bucket.available(0)).isZero();
        assertThat(bucket.available(SECOND / 2)).isEqualTo(500);
        assertThat(bucket.available(SECOND * 60)).isEqualTo(1_000);
    }

    @Test
    void another_limit_holds_at_once_and_forgives_no_debt() {
        TokenBucket bucket = new TokenBucket(0, 0);
        bucket.limitTo(1_000, 0);
        assertThat(bucket.available(0)).isEqualTo(1_000);
        bucket.take(3_000);

        bucket.limitTo(4_000, 0);

        assertThat(bucket.available(0)).isEqualTo(-2_000);
        assertThat(bucket.available(SECOND)).isEqualTo(2_000);
        bucket.limitTo(0, SECOND);
        assertThat(bucket.available(SECOND)).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void a_debt_is_waited_for() {
        TokenBucket bucket = new TokenBucket(1_000, 0);
        bucket.take(3_000);

        long waitNanos = bucket.nanosUntilAvailable(0);

        assertThat(waitNanos).isBetween(2 * SECOND, 2 * SECOND + SECOND / 100);
        assertThat(bucket.available(waitNanos - SECOND / 100)).isNotPositive();
        assertThat(bucket.available(waitNanos)).isPositive();
    }
}
