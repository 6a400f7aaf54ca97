package io.millrace.workbench.torture.check;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class AckGapsTest {
    private final List<Event> events = new ArrayList<>();

    private void acknowledged(String topic, int partition, long... atMs) {
        for (long at : atMs) {
            events.add(new Event.Acknowledged(at, new Write(0, events.size()), new Place(topic, partition), events
                    .size()));
        }
    }

    private AckGaps gaps() {
        return new AckGaps(new History(events, Set.of()), "t");
    }

    @Test
    void the_longest_gap_of_any_partition_that_reaches_into_the_time_counts() {
        acknowledged("t", 0, 10, 20, 500, 510, 520, 900);
        acknowledged("t", 1, 15, 30, 100, 490, 530, 890);
        assertThat(gaps().longestMs(25, 505)).isEqualTo(480);
        assertThat(gaps().longestMs(505, 515)).isEqualTo(40);
    }

    @Test
    void a_partition_that_never_goes_on_has_a_gap_to_the_end() {
        acknowledged("t", 0, 10, 20, 30);
        assertThat(gaps().longestMs(20, 1_000)).isEqualTo(970);
    }

    @Test
    void other_topics_do_not_count() {
        acknowledged("t", 0, 10, 20, 30);
        acknowledged("other", 0, 10, 900);
        assertThat(gaps().longestMs(10, 30)).isEqualTo(10);
    }

    @Test
    void without_any_acknowledgement_it_is_the_whole_time() {
        assertThat(gaps().longestMs(100, 400)).isEqualTo(300);
    }
}
