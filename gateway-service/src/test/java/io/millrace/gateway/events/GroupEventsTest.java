package io.millrace.gateway.events;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.common.error.ErrorCode;
import io.millrace.gateway.testing.GatewayUnderTest;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class GroupEventsTest {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static GatewayUnderTest gateway;
    private static HttpClient client;

    @BeforeAll
    static void start() {
        gateway = GatewayUnderTest.start("millrace.events.heartbeat=200ms", "millrace.events.groups.heartbeat=50ms",
                "millrace.events.groups.assignment-wait=10ms", "millrace.events.leader-retry=20ms");
        client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    }

    @AfterAll
    static void stop() {
        client.shutdownNow();
        gateway.close();
    }

    @Test
    void a_stream_tells_first_who_it_is_and_what_it_reads_then_every_record() {
        topic("whole", 2);
        append("whole", 0, "1", "2");
        try (var stream = open("/consumers/g-whole/events?topics=whole&from=earliest")) {
            await().untilAsserted(() -> assertThat(stream.events("caught-up")).hasSize(1));
            append("whole", 1, "3");

            await().untilAsserted(() -> assertThat(values(stream)).containsExactlyInAnyOrder("1", "2", "3"));
            var joined = json(stream.events("joined"));
            assertThat(stream.all().getFirst().type()).isEqualTo("joined");
            assertThat(joined.get("group").asString()).isEqualTo("g-whole");
            assertThat(joined.get("commit").asString()).isEqualTo("auto");
            assertThat(URI.create(joined.get("base_uri").asString())).isEqualTo(gateway.uri("/").resolve(
                    "/consumers/g-whole/instances/" + joined.get("instance_id").asString()));
            assertThat(json(stream.events("assigned")).get("partitions").toString()).isEqualTo(
                    "[{\"topic\":\"whole\",\"partition\":0},{\"topic\":\"whole\",\"partition\":1}]");
            assertThat(stream.lastEventId()).isEmpty();
        }
    }

    @Test
    void while_others_hold_all_the_memory_a_stream_stays_a_member_and_reads_when_there_is_some_again() {
        topic("scarce", 1);
        append("scarce", 0, "1", "2");
        var memory = gateway.bean(GroupStreams.class).budget();
        memory.take(memory.limitBytes());
        try (var stream = open("/consumers/g-scarce/events?topics=scarce&from=earliest")) {
            await().untilAsserted(() -> assertThat(stream.events("assigned")).hasSize(1));
            int polls = gateway.services.polls();
            await().until(() -> gateway.services.polls() > polls + 5);
            assertThat(stream.events("record")).isEmpty();
            assertThat(gateway.services.instancesOf("g-scarce")).hasSize(1);

            memory.release(memory.limitBytes());

            await().untilAsserted(() -> assertThat(values(stream)).containsExactly("1", "2"));
        }
        await().untilAsserted(() -> assertThat(gateway.services.instancesOf("g-scarce")).isEmpty());
        await().untilAsserted(() -> assertThat(memory.usedBytes()).isZero());
    }

    @Test
    void what_there_is_no_memory_for_is_not_taken_in_and_comes_when_there_is() {
        topic("roomy", 1);
        var memory = gateway.bean(GroupStreams.class).budget();
        try (var stream = open("/consumers/g-roomy/events?topics=roomy&from=earliest")) {
            await().untilAsserted(() -> assertThat(stream.events("caught-up")).hasSize(1));
            long others = memory.limitBytes() - 300_000;
            memory.take(others);
            int fetches = gateway.brokers.fetches("roomy");
            append("roomy", 0, "\"" + "x".repeat(200_000) + "\"");

            await().until(() -> gateway.brokers.fetches("roomy") > fetches + 3);
            assertThat(stream.events("record")).isEmpty();
            assertThat(memory.usedBytes()).isEqualTo(others);

            memory.release(others);
            await().untilAsserted(() -> assertThat(stream.events("record")).hasSize(1));
        }
        await().untilAsserted(() -> assertThat(memory.usedBytes()).isZero());
    }

    @Test
    void a_batch_that_unpacks_to_much_is_given_piece_by_piece() {
        topic("packed", 1);
        var values = new String[120];
        Arrays.fill(values, "\"" + "x".repeat(50_000) + "\"");
        gateway.brokers.appendPacked("packed", 0, values);
        var memory = gateway.bean(GroupStreams.class).budget();
        try (var stream = open("/consumers/g-packed/events?topics=packed&from=earliest")) {
            await().untilAsserted(() -> assertThat(stream.events("record")).hasSize(120));
            assertThat(stream.records()).doesNotHaveDuplicates();
        }
        await().untilAsserted(() -> assertThat(memory.usedBytes()).isZero());
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void a_stream_that_waits_for_its_coordinator_leaves_the_memory_to_others(boolean hasNoted) {
        var topic = "waits-" + hasNoted;
        topic(topic, 1);
        var memory = gateway.bean(GroupStreams.class).budget();
        try (var stream = open("/consumers/g-" + topic + "/events?from=earliest&topics=" + topic)) {
            await().untilAsserted(() -> assertThat(stream.events("caught-up")).hasSize(1));
            gateway.services.goAwayAtDelivery(hasNoted);
            append(topic, 0, "\"" + "x".repeat(100_000) + "\"");
            if (hasNoted) {
                await().untilAsserted(() -> assertThat(stream.events("record")).hasSize(1));
            }
            int polls = gateway.services.polls();
            await().until(() -> gateway.services.polls() > polls + 2);

            assertThat(memory.usedBytes()).isZero();

            gateway.services.comeBack();
            append(topic, 0, "\"more\"");
            await().untilAsserted(() -> assertThat(stream.events("record")).hasSize(2));
        } finally {
            gateway.services.comeBack();
        }
    }

    @Test
    void what_was_written_is_committed_when_its_reader_leaves_and_the_next_goes_on_there() {
        topic("auto", 1);
        append("auto", 0, "1", "2");
        try (var stream = open("/consumers/g-auto/events?topics=auto&from=earliest&commit=auto")) {
            await().untilAsserted(() -> assertThat(values(stream)).containsExactly("1", "2"));
            // Not before what it was given is older than a heartbeat.
            await().untilAsserted(() -> assertThat(gateway.services.confirmed("g-auto", "auto", 0)).isEqualTo(2));
        }

        await().untilAsserted(() -> assertThat(gateway.services.committed("g-auto", "auto", 0)).isEqualTo(2));
        assertThat(gateway.services.instancesOf("g-auto")).isEmpty();
        append("auto", 0, "3");
        try (var stream = open("/consumers/g-auto/events?topics=auto")) {
            await().untilAsserted(() -> assertThat(values(stream)).containsExactly("3"));
        }
    }

    @Test
    void what_was_written_just_before_its_reader_left_comes_again() {
        topic("hasty", 1);
        append("hasty", 0, "1", "2");
        try (var patient = gateway.another("millrace.events.groups.heartbeat=3s")) {
            try (var stream = SseSubscriber.open(client, patient.uri(
                    "/consumers/g-hasty/events?topics=hasty&from=earliest"))) {
                await().untilAsserted(() -> assertThat(values(stream)).containsExactly("1", "2"));
            }

            await().until(() -> gateway.services.instancesOf("g-hasty").isEmpty());
            assertThat(gateway.services.losses("g-hasty")).isOne();
        }
    }

    @Test
    void a_stream_below_the_confluent_prefix_is_the_same_and_its_commits_mean_what_was_consumed() {
        topic("theirs", 1);
        append("theirs", 0, "1", "2", "3");
        try (var stream = open("/confluent/consumers/g-theirs/events?topics=theirs&from=earliest&commit=manual")) {
            await().untilAsserted(() -> assertThat(values(stream)).containsExactly("1", "2", "3"));
            var base = URI.create(json(stream.events("joined")).get("base_uri").asString());
            assertThat(base.getPath()).startsWith("/confluent/consumers/g-theirs/instances/");

            assertThat(gateway.send("POST", base.getPath() + "/offsets",
                    "{\"offsets\":[{\"topic\":\"theirs\",\"partition\":0,\"offset\":1}]}").status()).isEqualTo(204);
        }
        await().untilAsserted(() -> assertThat(gateway.services.instancesOf("g-theirs")).isEmpty());
        assertThat(gateway.services.committed("g-theirs", "theirs", 0)).isEqualTo(2);
    }

    @Test
    void an_answer_that_ends_leaves_no_member_to_commit_by_hand() {
        gateway.images.topic("answered", 1);

        var refused = gateway.get("/consumers/g-answered/events?topics=answered&commit=manual&timeout=100");

        assertThat(refused.status()).isEqualTo(422);
        assertThat(refused.json().get("message").asString()).contains("commit=manual");
        assertThat(gateway.services.instancesOf("g-answered")).isEmpty();
    }

    @Test
    void a_manual_stream_commits_what_its_client_posts_to_the_address_in_its_first_event() {
        topic("manual", 1);
        append("manual", 0, "1", "2", "3");
        try (var stream = open("/consumers/g-manual/events?topics=manual&from=earliest&commit=manual")) {
            await().untilAsserted(() -> assertThat(values(stream)).containsExactly("1", "2", "3"));
            var base = URI.create(json(stream.events("joined")).get("base_uri").asString());

            var answer = gateway.send("POST", base.getPath() + "/offsets",
                    "{\"offsets\":[{\"topic\":\"manual\",\"partition\":0,\"offset\":1}]}");

            assertThat(answer.status()).isEqualTo(204);
        }
        await().untilAsserted(() -> assertThat(gateway.services.instancesOf("g-manual")).isEmpty());
        assertThat(gateway.services.committed("g-manual", "manual", 0)).isEqualTo(1);
        try (var stream = open("/consumers/g-manual/events?topics=manual&commit=manual")) {
            await().untilAsserted(() -> assertThat(values(stream)).containsExactly("2", "3"));
        }
    }

    @Test
    void partitions_that_go_to_others_and_come_back_are_told() {
        topic("moving", 2);
        try (var stream = open("/consumers/g-moving/events?topics=moving")) {
            await().untilAsserted(() -> assertThat(stream.events("caught-up")).hasSize(1));

            gateway.services.anothers("moving", 1, true);
            await().untilAsserted(() -> assertThat(stream.events("revoked")).hasSize(1));
            append("moving", 1, "\"not for this one\"");
            append("moving", 0, "\"for this one\"");
            await().untilAsserted(() -> assertThat(values(stream)).containsExactly("for this one"));
            gateway.services.committed("g-moving", "moving", 1, 1);
            gateway.services.anothers("moving", 1, false);
            await().untilAsserted(() -> assertThat(stream.events("assigned")).hasSize(2));

            append("moving", 1, "\"again\"");
            await().untilAsserted(() -> assertThat(values(stream)).containsExactly("for this one", "again"));
            assertThat(stream.events("revoked")).extracting(SseParser.Event::data).containsExactly(
                    "{\"partitions\":[{\"topic\":\"moving\",\"partition\":1}]}");
            await().untilAsserted(() -> assertThat(stream.events("caught-up")).hasSize(2));
        } finally {
            gateway.services.anothers("moving", 1, false);
        }
    }

    @Test
    void a_stream_without_which_its_group_goes_on_says_so_and_ends() {
        topic("fenced", 1);
        try (var stream = open("/consumers/g-fenced/events?topics=fenced")) {
            await().untilAsserted(() -> assertThat(stream.events("caught-up")).hasSize(1));

            gateway.services.expireSessions("g-fenced");

            await().until(stream::ended);
            assertThat(json(stream.events("fenced")).get("message").asString()).isNotEmpty();
            assertThat(stream.all().getLast().type()).isEqualTo("fenced");
            await().untilAsserted(() -> assertThat(gateway.services.instancesOf("g-fenced")).isEmpty());
        }
    }

    @Test
    void records_that_may_not_be_given_out_are_not_and_come_once_they_may() {
        topic("refusing", 1);
        try (var stream = open("/consumers/g-refusing/events?topics=refusing&from=earliest")) {
            await().untilAsserted(() -> assertThat(stream.events("caught-up")).hasSize(1));
            for (var refusal : List.of(ErrorCode.FENCED_MEMBER_EPOCH, ErrorCode.UNAVAILABLE)) {
                gateway.services.refuseDelivered(refusal);
                int before = gateway.services.polls();
                append("refusing", 0, "\"" + refusal + "\"");
                await().until(() -> gateway.services.polls() > before + 3);
                assertThat(values(stream)).doesNotContain(refusal.toString());

                gateway.services.refuseDelivered(null);

                await().untilAsserted(() -> assertThat(values(stream)).contains(refusal.toString()));
            }
            gateway.services.loseReplies(1);
            append("refusing", 0, "\"last\"");

            await().untilAsserted(() -> assertThat(values(stream)).containsExactly("FENCED_MEMBER_EPOCH",
                    "UNAVAILABLE", "last"));
        } finally {
            gateway.services.refuseDelivered(null);
        }
    }

    @Test
    void a_client_may_seek_in_its_stream() {
        topic("sought", 1);
        append("sought", 0, "1", "2");
        try (var stream = open("/consumers/g-sought/events?topics=sought&from=earliest")) {
            await().untilAsserted(() -> assertThat(values(stream)).containsExactly("1", "2"));
            var base = URI.create(json(stream.events("joined")).get("base_uri").asString());

            gateway.send("POST", base.getPath() + "/positions",
                    "{\"offsets\":[{\"topic\":\"sought\",\"partition\":0,\"offset\":1}]}");

            await().untilAsserted(() -> assertThat(values(stream)).containsExactly("1", "2", "2"));
        }
    }

    @Test
    void what_retention_has_removed_is_told_as_a_gap() {
        topic("g-aged", 1);
        append("g-aged", 0, "0");
        append("g-aged", 0, "1");
        append("g-aged", 0, "2");
        gateway.brokers.deleteBefore("g-aged", 0, 2);
        gateway.services.committed("g-aged", "g-aged", 0, 1);
        try (var stream = open("/consumers/g-aged/events?topics=g-aged")) {

            await().untilAsserted(() -> assertThat(values(stream)).containsExactly("2"));
            assertThat(stream.events("gap")).extracting(SseParser.Event::data).containsExactly(
                    "{\"topic\":\"g-aged\",\"partition\":0,\"requested\":1,\"available\":2}");
        }
    }

    @Test
    void records_that_are_filtered_out_count_as_read() {
        topic("g-some", 1);
        append("g-some", 0, "{\"n\":1}", "{\"n\":2}", "{\"n\":3}");
        try (var stream = open("/consumers/g-some/events?topics=g-some&from=earliest&where=/n=2")) {
            await().untilAsserted(() -> assertThat(stream.events("caught-up")).hasSize(1));
            assertThat(values(stream)).containsExactly("{\"n\":2}");
        }
        await().untilAsserted(() -> assertThat(gateway.services.committed("g-some", "g-some", 0)).isEqualTo(3));
    }

    @Test
    void a_client_that_polls_gets_an_answer_that_ends() {
        topic("g-polled", 1);
        append("g-polled", 0, "1");

        var some = gateway.get("/consumers/g-polled/events?topics=g-polled&from=earliest&timeout=20000");
        var none = gateway.get("/consumers/g-polled/events?topics=g-polled&timeout=1");

        assertThat(some.body()).contains("event: record").contains("\"offset\":0");
        assertThat(none.status()).isEqualTo(200);
        assertThat(none.body()).contains("event: joined").doesNotContain("event: record");
        await().untilAsserted(() -> assertThat(gateway.services.instancesOf("g-polled")).isEmpty());
    }

    @Test
    void what_a_client_that_broke_off_may_not_have_got_comes_again() throws IOException {
        topic("broken", 1);
        append("broken", 0, "1");
        try (var socket = new Socket("127.0.0.1", gateway.port())) {
            // Closed with unread bytes, a socket is reset.
            socket.setSoLinger(true, 0);
            socket.getOutputStream().write(("GET /consumers/g-broken/events?topics=broken&from=earliest HTTP/1.1\r\n"
                    + "Host: localhost\r\n\r\n").getBytes());
            await().until(() -> !gateway.services.instancesOf("g-broken").isEmpty());
            socket.getInputStream().read();
        }

        await().until(() -> gateway.services.instancesOf("g-broken").isEmpty());
        assertThat(gateway.services.losses("g-broken")).isOne();
    }

    @Test
    void a_client_that_reads_too_slowly_for_a_heartbeat_remains_a_member() throws Exception {
        topic("slow", 1);
        for (int i = 0; i < 60; i++) {
            append("slow", 0, "\"" + "x".repeat(200_000) + "\"");
        }

        try (var client = new StalledClient(gateway.port(), "/consumers/g-slow/events?topics=slow&from=earliest")) {
            client.awaitHeaders();

            await().until(() -> gateway.services.touches("g-slow") > 1);
        }
    }

    @Test
    void a_client_that_reads_too_slowly_while_memory_is_scarce_is_cut_off_and_gives_it_back() throws Exception {
        topic("hoarding", 1);
        for (int i = 0; i < 60; i++) {
            append("hoarding", 0, "\"" + "x".repeat(200_000) + "\"");
        }
        try (var hurried = gateway.another("millrace.events.groups.drain-limit=1ms",
                "millrace.events.groups.heartbeat=50ms", "millrace.events.send-buffer=16KB")) {
            cutOffWhileMemoryIsScarce(hurried, "hoarding");
        }
    }

    @Test
    void one_that_takes_nothing_of_a_small_piece_is_cut_off_before_its_write_gives_up() throws Exception {
        topic("small", 1);
        for (int i = 0; i < 60; i++) {
            append("small", 0, "\"" + "x".repeat(10_000) + "\"");
        }
        try (var hurried = gateway.another("millrace.events.groups.drain-limit=100ms",
                "millrace.events.groups.heartbeat=50ms", "millrace.events.send-buffer=16KB",
                "millrace.events.groups.fetch-size=10KB", "millrace.events.write-timeout=1h")) {
            cutOffWhileMemoryIsScarce(hurried, "small");
            assertThat(hurried.bean(MeterRegistry.class).get("millrace.streams.closed").tag("reason", "too_slow")
                    .counter().count()).isOne();
        }
    }

    private static void cutOffWhileMemoryIsScarce(GatewayUnderTest hurried, String topic) {
        var group = "g-" + topic;
        var memory = hurried.bean(GroupStreams.class).budget();
        try (var reading = new StalledClient(hurried.port(), "/consumers/" + group + "/events?from=earliest&topics="
                + topic)) {
            reading.awaitHeaders();
            // A while without a beat: it is written to, and waits.
            await().until(() -> gateway.services.touches(group) > 1 && memory.usedBytes() > 0);
            // Others read meanwhile, and have as much as they may.
            memory.take(memory.limitBytes());

            await().until(() -> gateway.services.instancesOf(group).isEmpty());
            reading.readToTheEnd();
            assertThat(gateway.services.losses(group)).isOne();
            await().untilAsserted(() -> assertThat(memory.usedBytes()).isEqualTo(memory.limitBytes()));
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            /consumers/g/events                                    | 400 | topics
            /consumers/g/events?topics=absent                      | 404 | absent
            /consumers/g/events?topics=known&commit=never          | 422 | commit
            /consumers/g/events?topics=known&from=2026-01-01       | 400 | from
            /consumers/g/events?topics=known&format=xml            | 422 | format
            /consumers/g/events?topics=known&where=x               | 422 | where
            /consumers/g/events?topics=known&timeout=-1            | 422 | timeout
            /consumers/g/events?topics=known&partitions=0          | 400 | partitions
            """)
    void a_wrong_request_is_answered_before_anything_joins(String path, int status, String named) {
        topic("known", 1);

        var response = gateway.send("GET", path, null);

        assertThat(response.status()).isEqualTo(status);
        assertThat(response.json().get("message").asString()).contains(named);
        assertThat(gateway.services.instancesOf("g")).isEmpty();
    }

    @Test
    void a_last_event_id_is_passed_over() {
        topic("any-id", 1);
        append("any-id", 0, "1");
        try (var stream = SseSubscriber.resume(client, gateway.uri(
                "/consumers/g-any-id/events?topics=any-id&from=earliest&lastEventId=x"), "whatever")) {
            await().untilAsserted(() -> assertThat(values(stream)).containsExactly("1"));
        }
    }

    private static void topic(String name, int partitions) {
        gateway.images.topic(name, partitions);
    }

    private static void append(String topic, int partition, String... values) {
        gateway.brokers.append(topic, partition, values);
    }

    private static SseSubscriber open(String path) {
        return SseSubscriber.open(client, gateway.uri(path));
    }

    private static JsonNode json(List<SseParser.Event> events) {
        return JSON.readTree(events.getFirst().data());
    }

    private static List<String> values(SseSubscriber subscriber) {
        return subscriber.records().stream().map(data -> JSON.readTree(data).get("value"))
                .map(value -> value.isString() ? value.asString() : value.toString()).toList();
    }
}
