package io.millrace.gateway.consumers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.common.error.ErrorCode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** What becomes of records once they are read: given out, held back, given again, committed. */
class GivenRecordsTest extends ConsumerCalls {
    @Test
    void below_the_confluent_prefix_a_committed_offset_is_that_of_a_record_consumed() {
        String topic = topic(2);
        append(topic, 0, "1", "2", "3");
        var created = gateway.send("POST", "/confluent/consumers/theirs",
                "{\"name\":\"c\",\"format\":\"json\",\"auto.offset.reset\":\"earliest\",\"auto.commit.enable\":\"false\"}");
        assertThat(gateway.services.describe("theirs", "c").settings().enableAutoCommit()).isFalse();
        String instance = "/confluent/consumers/theirs/instances/c";
        assertThat(created.json().get("base_uri").asString()).isEqualTo("http://127.0.0.1:" + gateway.port()
                + instance);
        assertThat(gateway.send("POST", instance + "/subscription", "{\"topics\":[\"" + topic + "\"]}").status())
                .isEqualTo(204);
        assertThat(gateway.get(instance + "/records?timeout=5000", "Accept", JSON).json()).hasSize(3);

        var committed = gateway.send("POST", instance + "/offsets", "{\"offsets\":[{\"topic\":\"" + topic
                + "\",\"partition\":0,\"offset\":1,\"metadata\":\"m\"}]}");

        assertThat(committed.status()).as(committed.body()).isEqualTo(204);
        assertThat(gateway.services.committed("theirs", topic, 0)).isEqualTo(2);
        assertThat(gateway.get(instance + "/offsets").json().get("offsets").get(0).get("offset").asInt()).isEqualTo(2);
        assertThat(gateway.send("POST", instance + "/offsets", null).status()).isEqualTo(204);
        assertThat(gateway.services.committed("theirs", topic, 0)).isEqualTo(3);
        assertThat(gateway.send("POST", instance + "/offsets", "{\"offsets\":[{\"topic\":\"" + topic
                + "\",\"partition\":0,\"offset\":-1}]}")).matches(answer -> answer.status() == 400 && answer.body()
                        .contains("offsets[0].offset"));
        assertThat(gateway.send("DELETE", instance, null).status()).isEqualTo(204);
        assertThat(gateway.get(instance + "/records").status()).isEqualTo(404);
        assertThat(gateway.get("/confluent/consumers/theirs/nothing").json().get("error_code").asInt()).isEqualTo(404);
    }

    @Test
    void topics_are_below_the_confluent_prefix_too_however_it_is_written() {
        String topic = topic(2);

        var produced = gateway.send("POST", "/confluent/topics/" + topic + "?async=false",
                "{\"records\":[{\"value\":1,\"partition\":1}]}");
        var lines = gateway.send("POST", "/confluent/topics/" + topic + "/partitions/1",
                "{\"value\":2}\n{\"value\":3}\n",
                "Content-Type", "application/x-ndjson");
        var created = gateway.send("POST", "/con%66luent/consumers/escaped", "{\"name\":\"c\",\"format\":\"json\"}");

        assertThat(produced.json().get("offsets").toString()).isEqualTo("[{\"partition\":1,\"offset\":0}]");
        assertThat(lines.body().lines()).hasSize(2).allMatch(line -> line.startsWith("{\"partition\":1,"));
        assertThat(gateway.get("/confluent/topics").json().toString()).contains("\"" + topic + "\"");
        assertThat(gateway.get("/confluent/topics/" + topic + "/partitions").json()).hasSize(2);
        assertThat(gateway.get("/confluent/topics/" + topic + "/partitions/1/records").json()).hasSize(3);
        assertThat(gateway.get("/confluent/topics/none").status()).isEqualTo(404);
        assertThat(created.json().get("base_uri").asString()).endsWith("/confluent/consumers/escaped/instances/c");
    }

    @Test
    void a_poll_of_the_same_name_gives_the_same_records_again() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(2));
        append(consumer.topic, 0, "1", "2", "3");
        append(consumer.topic, 1, "4");

        var lost = consumer.poll("timeout=5000&poll_id=a");
        append(consumer.topic, 0, "5");
        append(consumer.topic, 1, "6");
        var again = consumer.poll("timeout=5000&poll_id=a");
        var next = consumer.poll("timeout=5000&poll_id=b");

        assertThat(values(lost)).containsExactlyInAnyOrder("1", "2", "3", "4");
        assertThat(values(again)).containsExactlyInAnyOrderElementsOf(values(lost));
        assertThat(values(next)).containsExactlyInAnyOrder("5", "6");
    }

    @Test
    void a_poll_of_no_name_is_never_a_repetition() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(1));
        append(consumer.topic, 0, "1");
        assertThat(values(consumer.poll("timeout=5000&poll_id="))).containsExactly("1");
        append(consumer.topic, 0, "2");

        assertThat(values(consumer.poll("timeout=5000&poll_id="))).containsExactly("2");
    }

    @Test
    void an_instance_is_found_by_its_address_whatever_its_name_consists_of() {
        for (String name : List.of("a;b", "a+b", "a b", "ü", "a?b#c", "a%2Fb")) {
            var created = gateway.send("POST", "/consumers/named", "{\"name\":\"" + name + "\",\"format\":\"json\"}");

            String path = URI.create(created.json().get("base_uri").asString()).getRawPath();
            assertThat(gateway.get(path + "/subscription").status()).as(path).isEqualTo(200);
            assertThat(gateway.send("DELETE", path, null).status()).as(path).isEqualTo(204);
            assertThat(gateway.services.instancesOf("named")).isEmpty();
        }
    }

    @Test
    void a_repeated_poll_is_refused_for_now_when_it_cannot_be_repeated_whole() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(2));
        append(consumer.topic, 0, "1");
        append(consumer.topic, 1, "2");
        assertThat(values(consumer.poll("timeout=5000&poll_id=a"))).hasSize(2);
        gateway.brokers.away(1, true);

        var again = consumer.poll("timeout=100&poll_id=a");

        assertThat(again.status()).isEqualTo(503);
        gateway.brokers.away(1, false);
        assertThat(values(consumer.poll("timeout=5000&poll_id=a"))).containsExactlyInAnyOrder("1", "2");
    }

    @Test
    void records_are_held_back_when_another_poll_has_taken_over() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(1));
        append(consumer.topic, 0, "1");
        gateway.services.refuseDelivered(ErrorCode.POLL_SUPERSEDED);

        var response = consumer.poll("timeout=5000");

        assertThat(response.status()).isEqualTo(409);
        assertThat(response.body()).doesNotContain("\"value\"");
    }

    @Test
    void a_poll_whose_partitions_changed_hands_reads_anew_what_is_left_to_it() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(1));
        append(consumer.topic, 0, "1");
        gateway.services.refuseDelivered(ErrorCode.FENCED_MEMBER_EPOCH);
        int before = gateway.services.polls();
        assertThat(consumer.poll("timeout=0").status()).isEqualTo(409);
        assertThat(gateway.services.polls() - before).isEqualTo(4);

        gateway.services.refuseDelivered(null);

        assertThat(values(consumer.poll("timeout=5000"))).containsExactly("1");
    }

    @Test
    void records_are_given_out_though_the_coordinators_reply_is_lost() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(1));
        append(consumer.topic, 0, "1");
        gateway.services.loseReplies(2);

        assertThat(values(consumer.poll("timeout=5000"))).containsExactly("1");
    }

    @Test
    void records_that_were_taken_down_but_not_given_out_come_with_the_next_poll() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(1));
        append(consumer.topic, 0, "1");
        gateway.services.loseReplies(3);

        assertThat(consumer.poll("timeout=5000").status()).isEqualTo(503);

        assertThat(values(consumer.poll("timeout=5000"))).containsExactly("1");
    }

    @Test
    void records_that_cannot_be_written_to_the_client_come_with_the_next_poll() throws IOException {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(1));
        String moreThanIsOnItsWay = "\"" + "x".repeat(8_000_000) + "\"";
        append(consumer.topic, 0, moreThanIsOnItsWay);
        try (var client = new Socket(InetAddress.getLoopbackAddress(), gateway.port())) {
            client.setSoLinger(true, 0);
            client.getOutputStream().write(("GET " + consumer.path
                    + "/records?timeout=60000 HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
            assertThat(client.getInputStream().read()).isEqualTo('H');
        }
        await().until(() -> gateway.services.losses(consumer.group) > 0);

        assertThat(values(consumer.poll("timeout=5000"))).containsExactly(moreThanIsOnItsWay);
    }

    @Test
    void a_poll_gives_nothing_to_a_client_that_has_left() throws IOException {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(1));
        int before = gateway.services.polls();
        try (var client = new Socket(InetAddress.getLoopbackAddress(), gateway.port())) {
            client.getOutputStream().write(("GET " + consumer.path
                    + "/records?timeout=60000 HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
            await().until(() -> gateway.services.polls() > before);

            client.shutdownOutput();

            assertThat(client.getInputStream().readAllBytes()).isEmpty();
        }
        append(consumer.topic, 0, "1");
        assertThat(values(consumer.poll("timeout=5000"))).containsExactly("1");
    }

    @Test
    void the_head_of_a_poll_takes_no_records() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(1));
        append(consumer.topic, 0, "1");

        var head = consumer.send("HEAD", "/records", null);

        assertThat(head.status()).isEqualTo(200);
        assertThat(head.header("Content-Type")).isEqualTo(JSON);
        assertThat(values(consumer.poll("timeout=5000"))).containsExactly("1");
        assertThat(gateway.send("HEAD", "/consumers/" + consumer.group + "/instances/nobody/records", null).status())
                .isEqualTo(404);
    }

    @Test
    void the_coordinator_hears_that_an_answer_went_out_and_of_none_without_records() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(1));
        consumer.poll("timeout=0");
        assertThat(gateway.services.answers(consumer.group)).isZero();
        append(consumer.topic, 0, "1");

        consumer.poll("timeout=5000");

        await().until(() -> gateway.services.answers(consumer.group) == 1);
    }

    @Test
    void an_instance_deleted_in_the_middle_of_a_poll_ends_it() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(1));
        int before = gateway.services.polls();
        var poll = CompletableFuture.supplyAsync(() -> consumer.poll("timeout=60000"));
        await().until(() -> gateway.services.polls() > before);

        assertThat(consumer.send("DELETE", "", null).status()).isEqualTo(204);

        assertThat(poll.join().status()).isEqualTo(404);
        assertThat(consumer.send("DELETE", "", null).status()).isEqualTo(404);
    }

    @Test
    void a_commit_without_a_body_is_of_all_that_was_given_out() {
        var consumer = consumer("{\"auto.offset.reset\":\"earliest\"}", topic(1));
        append(consumer.topic, 0, "1", "2", "3");
        consumer.poll("timeout=5000");

        assertThat(consumer.send("POST", "/offsets", null).status()).isEqualTo(204);

        assertThat(gateway.services.committed(consumer.group, consumer.topic, 0)).isEqualTo(3);
    }

    @Test
    void a_commit_of_a_member_that_its_group_goes_on_without_is_a_conflict() {
        var consumer = consumer("{}", topic(1));
        gateway.services.refuseCommits(ErrorCode.UNKNOWN_MEMBER);

        var response = consumer.send("POST", "/offsets", "{\"offsets\":[{\"topic\":\"" + consumer.topic
                + "\",\"partition\":0,\"offset\":1}]}");

        assertThat(response.status()).as(response.body()).isEqualTo(409);
    }

    @Test
    void offsets_are_committed_as_given_and_told() {
        var consumer = consumer("{}", topic(1));

        var committed = consumer.send("POST", "/offsets", "{\"offsets\":[{\"topic\":\"" + consumer.topic
                + "\",\"partition\":0,\"offset\":17,\"metadata\":\"checked\"}]}");

        assertThat(committed.status()).isEqualTo(204);
        assertThat(gateway.json(consumer.send("GET", "/offsets", null)).toString()).isEqualTo(
                "{\"offsets\":[{\"topic\":\"" + consumer.topic
                        + "\",\"partition\":0,\"offset\":17,\"metadata\":\"checked\"}]}");
    }
}
