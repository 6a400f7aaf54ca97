package io.millrace.broker.partition;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.Test;

class CommitWaitsTest {
    private final CommitWaits waits = new CommitWaits();
    private final List<String> ended = new ArrayList<>();

    private final class Noted extends CommitWait {
        Noted(long endOffset, long deadlineNanos) {
            super(endOffset, deadlineNanos);
        }

        @Override
        protected void ended(Errors outcome) {
            ended.add(endOffset + " " + outcome);
        }
    }

    @Test
    void a_high_watermark_ends_what_it_has_reached_in_the_order_of_offsets() {
        for (long offset : new long[]{3, 1, 2, 5, 4}) {
            waits.add(new Noted(offset, 0));
        }

        CommitWaits.end(waits.takeUpTo(3), Errors.NONE);
        CommitWaits.end(waits.takeUpTo(3), Errors.NONE);

        assertThat(ended).containsExactly("1 NONE", "2 NONE", "3 NONE");
        assertThat(waits.isEmpty()).isFalse();
    }

    @Test
    void only_what_is_too_old_times_out() {
        waits.add(new Noted(1, 10));
        waits.add(new Noted(2, 30));
        waits.add(new Noted(3, 20));

        CommitWaits.end(waits.takeExpired(20), Errors.REQUEST_TIMED_OUT);

        assertThat(ended).containsExactlyInAnyOrder("1 REQUEST_TIMED_OUT", "3 REQUEST_TIMED_OUT");
        CommitWaits.end(waits.takeAll(), Errors.NOT_LEADER_OR_FOLLOWER);
        assertThat(ended).endsWith("2 NOT_LEADER_OR_FOLLOWER");
        assertThat(waits.isEmpty()).isTrue();
    }

    @Test
    void every_wait_ends_once_whatever_ends_it() {
        Random random = new Random(7);
        List<Long> expected = new ArrayList<>();
        for (int step = 0; step < 10_000; step++) {
            switch (random.nextInt(6)) {
                case 0 -> CommitWaits.end(waits.takeUpTo(random.nextInt(1_000)), Errors.NONE);
                case 1 -> CommitWaits.end(waits.takeExpired(random.nextInt(1_000)), Errors.REQUEST_TIMED_OUT);
                default -> {
                    long offset = random.nextInt(1_000);
                    expected.add(offset);
                    waits.add(new Noted(offset, random.nextInt(1_000)));
                }
            }
        }
        CommitWaits.end(waits.takeAll(), Errors.NOT_LEADER_OR_FOLLOWER);

        expected.sort(Comparator.naturalOrder());
        assertThat(ended.stream().map(each -> Long.parseLong(each.substring(0, each.indexOf(' ')))).sorted())
                .containsExactlyElementsOf(expected);
        assertThat(waits.isEmpty()).isTrue();
    }
}
