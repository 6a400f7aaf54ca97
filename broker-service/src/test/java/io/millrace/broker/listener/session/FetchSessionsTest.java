package io.millrace.broker.listener.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.broker.listener.session.FetchContext.Reading;
import io.millrace.broker.listener.session.FetchContext.Refused;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchRequestData.FetchPartition;
import org.apache.kafka.common.message.FetchRequestData.FetchTopic;
import org.apache.kafka.common.message.FetchRequestData.ForgottenTopic;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.FetchResponseData.FetchableTopicResponse;
import org.apache.kafka.common.message.FetchResponseData.PartitionData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.junit.jupiter.api.Test;

class FetchSessionsTest {
    private static final short BY_NAME = 12;
    private static final short BY_ID = 17;
    private static final Uuid T = Uuid.randomUuid();
    private static final Duration EVICTION = Duration.ofSeconds(120);

    private long nowNanos = 1;
    private final FetchSessions sessions = new FetchSessions(new SessionLimits(2, 10, EVICTION), () -> nowNanos,
            new Random(5));

    private static FetchRequestData fetch(int id, int epoch, int... partitions) {
        FetchTopic topic = new FetchTopic().setTopicId(T).setPartitions(IntStream.of(partitions).mapToObj(
                index -> new FetchPartition().setPartition(index).setFetchOffset(100 + index)).toList());
        return new FetchRequestData().setSessionId(id).setSessionEpoch(epoch).setTopics(partitions.length == 0
                ? List.of()
                : List.of(topic));
    }

    private static List<Integer> read(Reading context) {
        return context.topics().stream().flatMap(topic -> topic.partitions().stream()).map(FetchPartition::partition)
                .toList();
    }

    private static PartitionData data(int partition, long highWatermark) {
        return new PartitionData().setPartitionIndex(partition).setHighWatermark(highWatermark).setLogStartOffset(0)
                .setRecords(MemoryRecords.EMPTY);
    }

    private static PartitionData withRecords(int partition, long highWatermark) {
        return data(partition, highWatermark).setRecords(MemoryRecords.withRecords(Compression.NONE, new SimpleRecord(
                "v".getBytes(StandardCharsets.UTF_8))));
    }

    private static FetchResponseData answer(PartitionData... partitions) {
        return new FetchResponseData().setResponses(new ArrayList<>(List.of(new FetchableTopicResponse().setTopicId(T)
                .setPartitions(new ArrayList<>(List.of(partitions))))));
    }

    private Reading reading(FetchRequestData fetch) {
        return (Reading) sessions.contextOf(fetch, BY_ID);
    }

    private static List<Integer> told(FetchResponseData answer) {
        return answer.responses().stream().flatMap(topic -> topic.partitions().stream()).map(
                PartitionData::partitionIndex).toList();
    }

    /** Its id. */
    private int begin(int... partitions) {
        return reading(fetch(0, 0, partitions)).answer(answer(IntStream.of(partitions).mapToObj(index -> data(index, 0))
                .toArray(PartitionData[]::new))).sessionId();
    }

    @Test
    void a_partition_that_is_named_again_is_read_once_as_is_said_last() {
        for (int epoch : List.of(-1, 0)) {
            FetchRequestData fetch = fetch(0, epoch, 1, 2, 1);
            fetch.topics().getFirst().partitions().getLast().setFetchOffset(7);

            Reading context = reading(fetch);

            assertThat(read(context)).containsExactly(1, 2);
            assertThat(context.topics().getFirst().partitions().getFirst().fetchOffset()).isEqualTo(7);
        }
        FetchRequestData once = fetch(0, -1, 2, 1);
        assertThat(reading(once).topics()).isSameAs(once.topics());
    }

    @Test
    void a_full_fetch_begins_a_session_and_the_next_ones_name_only_what_changes() {
        FetchResponseData first = reading(fetch(0, 0, 0, 1, 2)).answer(answer(data(0, 5), data(1, 5), data(2, 5)));
        int id = first.sessionId();
        assertThat(id).isPositive();
        assertThat(told(first)).containsExactly(0, 1, 2);

        Reading nothingNew = reading(fetch(id, 1));
        assertThat(read(nothingNew)).containsExactly(0, 1, 2);
        assertThat(told(nothingNew.answer(answer(data(0, 5), data(1, 6), data(2, 5))))).as("a high watermark has risen")
                .containsExactly(1);

        Reading moved = reading(fetch(id, 2, 1));
        assertThat(moved.topics().getFirst().partitions().get(1).fetchOffset()).isEqualTo(101);
        assertThat(told(moved.answer(answer(data(0, 5), data(1, 6), data(2, 5).setLogStartOffset(2))))).as(
                "a log start has moved").containsExactly(2);
    }

    @Test
    void what_had_records_has_its_next_turn_after_the_others() {
        int id = begin(0, 1, 2);
        assertThat(told(reading(fetch(id, 1)).answer(answer(withRecords(0, 9), data(1, 0), data(2, 0)))))
                .containsExactly(0);

        assertThat(read(reading(fetch(id, 2)))).containsExactly(1, 2, 0);
    }

    @Test
    void partitions_come_and_are_forgotten() {
        int id = begin(0, 1);
        FetchRequestData next = fetch(id, 1, 5);
        next.setForgottenTopicsData(List.of(new ForgottenTopic().setTopicId(T).setPartitions(List.of(0))));

        assertThat(read(reading(next))).containsExactly(1, 5);
        assertThat(sessions.partitionCount()).isEqualTo(2);
    }

    @Test
    void one_of_which_all_is_forgotten_ends() {
        int id = begin(0);
        FetchRequestData next = fetch(id, 1);
        next.setForgottenTopicsData(List.of(new ForgottenTopic().setTopicId(T).setPartitions(List.of(0))));

        assertThat(read(reading(next))).isEmpty();
        assertThat(sessions.count()).isZero();
        assertThat(sessions.partitionCount()).isZero();
        assertThat(sessions.contextOf(fetch(id, 2), BY_ID)).isEqualTo(new Refused(Errors.FETCH_SESSION_ID_NOT_FOUND));
    }

    @Test
    void an_error_is_told_each_time_and_so_is_its_end() {
        int id = begin(0);
        for (int epoch = 1; epoch <= 2; epoch++) {
            assertThat(told(reading(fetch(id, epoch)).answer(answer(data(0, 0).setErrorCode(
                    Errors.NOT_LEADER_OR_FOLLOWER.code()))))).containsExactly(0);
        }
        assertThat(told(reading(fetch(id, 3)).answer(answer(data(0, 0))))).containsExactly(0);
        assertThat(told(reading(fetch(id, 4)).answer(answer(data(0, 0))))).isEmpty();
    }

    @Test
    void a_fetch_out_of_its_turn_or_of_an_unknown_session_is_refused() {
        int id = begin(0);

        assertThat(sessions.contextOf(fetch(id, 3), BY_ID)).isEqualTo(new Refused(Errors.INVALID_FETCH_SESSION_EPOCH));
        assertThat(sessions.contextOf(fetch(id + 1, 1), BY_ID)).isEqualTo(new Refused(
                Errors.FETCH_SESSION_ID_NOT_FOUND));
        assertThat(sessions.contextOf(fetch(id, 1), BY_NAME)).isEqualTo(new Refused(
                Errors.FETCH_SESSION_TOPIC_ID_ERROR));
        assertThat(sessions.contextOf(fetch(id, 1), BY_ID)).as("it goes on all the same").isInstanceOf(Reading.class);
    }

    @Test
    void an_answer_that_its_client_did_not_wait_for_is_refused() {
        int id = begin(0);
        Reading first = reading(fetch(id, 1));
        reading(fetch(id, 2));

        assertThat(first.answer(answer(data(0, 7))).errorCode()).isEqualTo(Errors.INVALID_FETCH_SESSION_EPOCH.code());
    }

    @Test
    void a_full_fetch_ends_the_session_that_it_names() {
        int first = begin(0);
        int second = reading(fetch(first, 0, 0)).answer(answer(data(0, 0))).sessionId();
        assertThat(second).isPositive().isNotEqualTo(first);
        assertThat(sessions.count()).isOne();

        assertThat(reading(fetch(second, -1, 0)).answer(answer(data(0, 0))).sessionId()).isZero();
        assertThat(sessions.count()).isZero();
    }

    @Test
    void who_finds_no_room_goes_on_without_a_session() {
        int small = begin(0);
        int large = begin(0, 1, 2);

        assertThat(begin(0, 1)).as("both are young").isZero();
        nowNanos += EVICTION.toNanos() + 1;
        reading(fetch(small, 1)).answer(answer());
        reading(fetch(large, 1)).answer(answer());
        assertThat(begin(0, 1)).as("in place of the smaller one").isPositive();
        assertThat(sessions.contextOf(fetch(small, 2), BY_ID)).isEqualTo(new Refused(
                Errors.FETCH_SESSION_ID_NOT_FOUND));
        nowNanos += EVICTION.toNanos() - 1;
        reading(fetch(large, 2)).answer(answer());
        nowNanos += 2;
        assertThat(begin(0)).as("in place of the one that is not used").isPositive();
        assertThat(sessions.count()).isEqualTo(2);
        assertThat(sessions.contextOf(fetch(large, 3), BY_ID)).isInstanceOf(Reading.class);
    }

    @Test
    void partitions_of_all_sessions_are_limited() {
        int id = begin(0, 1, 2, 3, 4, 5);

        assertThat(begin(0, 1, 2, 3, 4)).isZero();
        assertThat(sessions.contextOf(fetch(id, 1, 6, 7, 8, 9, 10), BY_ID)).isEqualTo(new Refused(
                Errors.FETCH_SESSION_ID_NOT_FOUND));
        assertThat(sessions.partitionCount()).isZero();
        assertThat(begin(0, 1, 2, 3, 4)).isPositive();
    }

    @Test
    void partitions_of_sessions_that_are_not_used_make_room() {
        int dead = begin(0, 1, 2, 3, 4, 5);
        nowNanos += EVICTION.toNanos() + 1;

        assertThat(begin(0, 1, 2, 3, 4)).isPositive();
        assertThat(sessions.contextOf(fetch(dead, 1), BY_ID)).isEqualTo(new Refused(Errors.FETCH_SESSION_ID_NOT_FOUND));
        assertThat(sessions.partitionCount()).isEqualTo(5);
    }

    @Test
    void smaller_sessions_make_room_for_the_partitions_of_a_larger_one() {
        int small = begin(0, 1, 2, 3);
        nowNanos += EVICTION.toNanos() - 1;
        reading(fetch(small, 1)).answer(answer());
        nowNanos += 2;

        assertThat(begin(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)).as("nothing goes for what would not fit all the same")
                .isZero();
        assertThat(sessions.count()).isOne();
        assertThat(begin(0, 1, 2, 3, 4, 5, 6)).isPositive();
        assertThat(sessions.contextOf(fetch(small, 2), BY_ID)).isEqualTo(new Refused(
                Errors.FETCH_SESSION_ID_NOT_FOUND));
    }

    @Test
    void what_is_in_a_session_already_takes_no_more_room() {
        int id = begin(0, 1, 2, 3, 4, 5);

        assertThat(read(reading(fetch(id, 1, 0, 1, 2, 3, 4, 5)))).hasSize(6);
        FetchRequestData exchanged = fetch(id, 2, 6, 7, 8, 9, 10);
        exchanged.setForgottenTopicsData(List.of(new ForgottenTopic().setTopicId(T).setPartitions(List.of(0, 99))));
        assertThat(read(reading(exchanged))).as("as many as there may be").hasSize(10);
        assertThat(sessions.contextOf(fetch(id, 3, 11), BY_ID)).as("one too many").isEqualTo(new Refused(
                Errors.FETCH_SESSION_ID_NOT_FOUND));
        assertThat(sessions.count()).isZero();
    }

    @Test
    void a_fetch_out_of_its_turn_ends_no_session_however_much_it_names() {
        int id = begin(0, 1, 2, 3, 4, 5);

        assertThat(sessions.contextOf(fetch(id, 7, 6, 7, 8, 9, 10), BY_ID)).isEqualTo(new Refused(
                Errors.INVALID_FETCH_SESSION_EPOCH));
        assertThat(sessions.contextOf(fetch(id, 1), BY_ID)).isInstanceOf(Reading.class);
    }
}
