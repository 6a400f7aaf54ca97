package io.millrace.gateway.consumers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.common.error.ErrorCode;
import java.util.ArrayList;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a poll reads. */
class PollsTest extends ConsumerCalls {
    @Test
    void records_of_all_partitions_are_given_out_and_the_next_poll_goes_on() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(2));
        append(consumer.topic, 0, "{\"n\":1}", "{\"n\":2}");
        append(consumer.topic, 1, "{\"n\":3}");

        var first = consumer.poll("timeout=5000");
        append(consumer.topic, 1, "{\"n\":4}");
        var second = consumer.poll("timeout=5000");

        assertThat(values(first)).containsExactlyInAnyOrder("{\"n\":1}", "{\"n\":2}", "{\"n\":3}");
        assertThat(values(second)).containsExactly("{\"n\":4}");
        assertThat(first.header("Content-Type")).isEqualTo(JSON);
        var record = first.json().get(0);
        assertThat(record.propertyNames()).containsExactly("topic", "partition", "offset", "timestamp", "key", "value");
    }

    @Test
    void a_poll_waits_for_records_and_goes_back_to_the_coordinator_meanwhile() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(1));
        int before = gateway.services.polls();
        var poll = CompletableFuture.supplyAsync(() -> consumer.poll("timeout=60000"));
        await().until(() -> gateway.services.polls() >= before + 3);

        append(consumer.topic, 0, "1");

        assertThat(values(poll.join())).containsExactly("1");
    }

    @Test
    void a_poll_without_records_is_an_empty_answer_when_the_time_is_over() {
        var consumer = consumer("{}", topic(1));

        var response = consumer.poll("timeout=50");

        assertThat(response.status()).isEqualTo(200);
        assertThat(response.body()).isEqualTo("[]");
    }

    @Test
    void a_consumer_from_the_latest_misses_nothing_after_its_first_poll() {
        var consumer = consumer("{\"auto.offset.reset\":\"latest\"}", topic(1));
        append(consumer.topic, 0, "\"before\"");
        assertThat(consumer.poll("timeout=0").body()).isEqualTo("[]");

        append(consumer.topic, 0, "\"after\"");

        assertThat(values(consumer.poll("timeout=5000"))).containsExactly("\"after\"");
    }

    @Test
    void a_record_that_comes_while_the_first_poll_waits_is_given_though_the_coordinator_changes_meanwhile() {
        var consumer = consumer("{\"auto.offset.reset\":\"latest\"}", topic(1));
        append(consumer.topic, 0, "\"before\"");
        gateway.services.refuseDeliveredOnce(ErrorCode.FENCED_MEMBER_EPOCH);
        var poll = CompletableFuture.supplyAsync(() -> consumer.poll("timeout=5000"));
        await().until(() -> gateway.brokers.fetches(consumer.topic) > 0);

        append(consumer.topic, 0, "\"after\"");

        assertThat(values(poll.join())).containsExactly("\"after\"");
    }

    @Test
    void without_an_offset_and_without_a_reset_a_poll_is_refused() {
        var consumer = consumer("{\"auto.offset.reset\":\"none\"}", topic(1));

        assertThat(consumer.poll("timeout=0").status()).isEqualTo(416);
    }

    @Test
    void an_offset_that_retention_has_removed_is_reset() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(1));
        append(consumer.topic, 0, "0");
        append(consumer.topic, 0, "1");
        append(consumer.topic, 0, "2");
        gateway.brokers.deleteBefore(consumer.topic, 0, 2);
        consumer.send("POST", "/positions", "{\"offsets\":[{\"topic\":\"" + consumer.topic
                + "\",\"partition\":0,\"offset\":1}]}");

        assertThat(values(consumer.poll("timeout=5000"))).containsExactly("2");
    }

    @ParameterizedTest
    @ValueSource(strings = {"latest", "earliest"})
    void an_offset_that_a_leader_refuses_though_it_is_in_the_log_is_kept(String reset) {
        var consumer = consumer("{\"auto.offset.reset\":\"" + reset + "\"}", topic(1));
        consumer.poll("timeout=0");
        append(consumer.topic, 0, "0");
        assertThat(values(consumer.poll("timeout=5000"))).containsExactly("0");
        append(consumer.topic, 0, "1");
        gateway.broker.partition(consumer.topic, 0).refuseNextFetch();

        assertThat(values(consumer.poll("timeout=5000"))).containsExactly("1");
    }

    @Test
    void a_record_that_cannot_be_shown_keeps_nothing_of_other_partitions_back() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(2));
        append(consumer.topic, 0, "no json");
        assertThat(consumer.poll("timeout=0").status()).isEqualTo(406);

        for (int poll = 0; poll < 4; poll++) {
            append(consumer.topic, 1, Integer.toString(poll));
            assertThat(values(consumer.poll("timeout=5000"))).containsExactly(Integer.toString(poll));
        }
        assertThat(consumer.poll("timeout=0")).matches(answer -> answer.status() == 406 && answer.body().contains(
                "offset 0"));
    }

    @Test
    void max_bytes_bounds_an_answer_and_what_is_left_comes_next() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(1));
        var value = "\"" + "x".repeat(98) + "\"";
        append(consumer.topic, 0, value, value, value, value, value);

        var sizes = new ArrayList<Integer>();
        for (int i = 0; i < 3; i++) {
            sizes.add(values(consumer.poll("timeout=5000&max_bytes=250")).size());
        }

        assertThat(sizes).containsExactly(2, 2, 1);
    }

    @Test
    void one_record_is_given_though_it_is_larger_than_max_bytes() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(1));
        append(consumer.topic, 0, "\"" + "x".repeat(5000) + "\"", "1");

        var first = consumer.poll("timeout=5000&max_bytes=1");
        var second = consumer.poll("timeout=5000&max_bytes=1");

        assertThat(values(first)).hasSize(1).first().asString().hasSize(5002);
        assertThat(values(second)).containsExactly("1");
    }

    @Test
    void every_partition_gets_its_turn_however_much_the_others_have() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(4));
        var values = IntStream.range(0, 50).mapToObj(i -> "\"" + "x".repeat(200) + "\"").toArray(String[]::new);
        for (int p = 0; p < 4; p++) {
            append(consumer.topic, p, values);
        }

        var partitions = new ArrayList<Integer>();
        for (int i = 0; i < 4; i++) {
            gateway.json(consumer.poll("timeout=5000&max_bytes=300")).forEach(record -> partitions.add(record.get(
                    "partition").asInt()));
        }

        assertThat(partitions).contains(0, 1, 2, 3);
    }

    @Test
    void partitions_are_read_though_a_batch_of_another_cannot_be() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(2));
        append(consumer.topic, 0, "1");
        // Both together are more than a batch may decompress to.
        var zeros = new SimpleRecord(new byte[70 << 20]);
        gateway.broker.partition(consumer.topic, 0).append(MemoryRecords.withRecords(Compression.zstd().build(), zeros,
                zeros));
        append(consumer.topic, 1, "2");

        var values = new ArrayList<String>();
        while (values.size() < 2) {
            var answer = consumer.poll("timeout=5000");
            // A poll that begins with the batch tells of it.
            if (answer.status() != 503) {
                values.addAll(values(answer));
            }
        }

        assertThat(values).containsExactlyInAnyOrder("1", "2");
        assertThat(consumer.poll("timeout=5000")).matches(answer -> answer.status() == 503 && answer.body().contains(
                "from offset 1 on"));
    }

    @Test
    void fetch_min_bytes_makes_a_poll_gather() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\",\"fetch.min.bytes\":400}", topic(1));
        var value = "\"" + "x".repeat(98) + "\"";
        append(consumer.topic, 0, value);
        var poll = CompletableFuture.supplyAsync(() -> consumer.poll("timeout=60000"));
        for (int i = 0; i < 3; i++) {
            append(consumer.topic, 0, value);
        }

        assertThat(values(poll.join())).hasSize(4);
    }

    @Test
    void partitions_are_read_though_the_leader_of_another_is_away() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(2));
        append(consumer.topic, 0, "1");
        append(consumer.topic, 1, "2");
        consumer.send("POST", "/positions/beginning", "{\"partitions\":[{\"topic\":\"" + consumer.topic
                + "\",\"partition\":0},{\"topic\":\""
                + consumer.topic + "\",\"partition\":1}]}");
        gateway.brokers.away(1, true);

        var response = consumer.poll("timeout=2000");

        assertThat(values(response)).containsExactly("1");
    }

    @ParameterizedTest
    @CsvSource({"application/vnd.kafka.json.v2+json, 200", "application/json, 200", "*/*, 200",
            "application/vnd.kafka.v2+json, 200",
            "application/vnd.kafka.binary.v2+json, 406", "application/vnd.kafka.text.v2+json, 406"})
    void the_accepted_format_must_be_the_instances_own(String accept, int status) {
        var consumer = consumer("{}", topic(1));

        var response = gateway.send("GET", consumer.path + "/records?timeout=0", null, "Accept", accept);

        assertThat(response.status()).isEqualTo(status);
    }

    @Test
    void an_instance_without_a_format_shows_base64_as_programs_for_kafka_rest_expect() {
        var consumer = new Consumer("{\"auto.offset.reset\":\"earliest\"}", topic(1));
        append(consumer.topic, 0, "{\"n\":1}");

        assertThat(values(consumer.poll("timeout=5000"))).containsExactly("\"eyJuIjoxfQ==\"");
    }

    @Test
    void a_record_that_is_not_json_is_refused_after_those_before_it_were_given_out() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(1));
        append(consumer.topic, 0, "1", "no json", "2");

        assertThat(values(consumer.poll("timeout=5000"))).containsExactly("1");
        assertThat(consumer.poll("timeout=5000").status()).isEqualTo(406);

        consumer.send("POST", "/positions", "{\"offsets\":[{\"topic\":\"" + consumer.topic
                + "\",\"partition\":0,\"offset\":2}]}");
        assertThat(values(consumer.poll("timeout=5000"))).containsExactly("2");
    }

    @ParameterizedTest
    @CsvSource({"timeout=x, 400", "timeout=-1, 422", "max_bytes=0, 422", "max_bytes=x, 400"})
    void a_parameter_out_of_its_range_is_refused(String query, int status) {
        var consumer = consumer("{}", topic(1));

        assertThat(consumer.poll(query).status()).isEqualTo(status);
    }

    @Test
    void a_topic_that_goes_away_under_a_poll_does_not_make_it_spin() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\",\"fetch.min.bytes\":10000}", topic(2));
        var doomed = topic(1);
        consumer.send("POST", "/subscription", "{\"topics\":[\"" + consumer.topic + "\",\"" + doomed + "\"]}");
        var poll = CompletableFuture.supplyAsync(() -> consumer.poll("timeout=2000"));
        await().until(() -> gateway.brokers.fetches(doomed) > 0);

        gateway.images.remove(doomed);
        append(consumer.topic, 0, "1");

        assertThat(values(poll.join())).containsExactly("1");
        assertThat(gateway.brokers.fetches(consumer.topic)).isLessThan(100);
    }

    @Test
    void a_topic_made_anew_is_not_read_for_its_predecessors_positions() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(1));
        append(consumer.topic, 0, "\"old\"");
        assertThat(values(consumer.poll("timeout=5000"))).hasSize(1);

        gateway.images.remove(consumer.topic);

        assertThat(consumer.poll("timeout=0").body()).isEqualTo("[]");
    }
}
