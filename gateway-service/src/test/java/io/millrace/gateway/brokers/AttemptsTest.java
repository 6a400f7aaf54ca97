package io.millrace.gateway.brokers;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.common.wire.BrokerEndpoint;
import org.junit.jupiter.api.Test;

class AttemptsTest {
    private static final BrokerEndpoint LEADER = new BrokerEndpoint(1, "a", 1);
    private static final BrokerEndpoint NEXT_LEADER = new BrokerEndpoint(2, "b", 2);

    private final Attempts attempts = new Attempts(2, new RetryBackoff(10, 40), 100);

    @Test
    void a_leader_is_asked_once_at_a_time() {
        assertThat(attempts.isDue(0, LEADER, 5, 100)).isTrue();
        attempts.asked(0, "call", LEADER, 5);

        assertThat(attempts.isDue(0, LEADER, 5, 200)).isFalse();
        assertThat(attempts.isAnyUnderWay()).isTrue();
    }

    @Test
    void another_leader_or_epoch_is_asked_at_once_and_the_former_call_is_not_heard() {
        attempts.asked(0, "former", LEADER, 5);
        assertThat(attempts.isDue(0, LEADER, 6, 100)).isTrue();
        assertThat(attempts.isDue(0, NEXT_LEADER, 5, 100)).isTrue();

        attempts.asked(0, "present", NEXT_LEADER, 6);

        assertThat(attempts.ends(0, "former")).isFalse();
        assertThat(attempts.ends(0, "present")).isTrue();
        assertThat(attempts.isAnyUnderWay()).isFalse();
    }

    @Test
    void a_failed_one_is_due_after_a_backoff_that_doubles_up_to_its_limit() {
        for (long backoff : new long[]{10, 20, 40, 40}) {
            attempts.asked(0, "call", LEADER, 5);
            attempts.ends(0, "call");
            attempts.failed(0, 1_000);

            assertThat(attempts.isDue(0, LEADER, 5, 1_000 + backoff - 1)).isFalse();
            assertThat(attempts.isDue(0, LEADER, 5, 1_000 + backoff)).isTrue();
            assertThat(attempts.nextNanos(5_000)).isEqualTo(1_000 + backoff);
        }
    }

    @Test
    void without_a_leader_nothing_is_due_until_there_is_one() {
        attempts.asked(0, "call", LEADER, 5);
        attempts.ends(0, "call");
        attempts.failed(0, 1_000);
        attempts.leaderless(0);

        assertThat(attempts.nextNanos(5_000)).isEqualTo(5_000);
        assertThat(attempts.isDue(0, LEADER, 5, 1_000)).isTrue();
    }
}
