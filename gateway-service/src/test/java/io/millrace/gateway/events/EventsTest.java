package io.millrace.gateway.events;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.gateway.testing.GatewayUnderTest;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;

class EventsTest {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static GatewayUnderTest gateway;
    private static GatewayUnderTest other;
    private static HttpClient client;

    @BeforeAll
    static void start() {
        gateway = GatewayUnderTest.start("millrace.events.heartbeat=200ms", "millrace.events.tail-long-poll=500ms",
                "millrace.events.leader-retry=20ms");
        other = gateway.another("millrace.events.heartbeat=200ms", "millrace.events.ring-size=2KB");
        client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    }

    @AfterAll
    static void stop() {
        client.shutdownNow();
        other.close();
        gateway.close();
    }

    @Test
    void records_there_are_and_records_to_come_are_sent_as_events() {
        topic("story", 1);
        append("story", 0, "{\"n\":1}", "{\"n\":2}");
        try (var subscriber = open("/topics/story/events?from=earliest")) {
            await().untilAsserted(() -> assertThat(subscriber.events("caught-up")).hasSize(1));

            append("story", 0, "{\"n\":3}");

            await().untilAsserted(() -> assertThat(subscriber.records()).containsExactly(
                    "{\"topic\":\"story\",\"partition\":0,\"offset\":0,\"timestamp\":1000,\"key\":\"k\",\"value\":{\"n\":1}}",
                    "{\"topic\":\"story\",\"partition\":0,\"offset\":1,\"timestamp\":1000,\"key\":\"k\",\"value\":{\"n\":2}}",
                    "{\"topic\":\"story\",\"partition\":0,\"offset\":2,\"timestamp\":1000,\"key\":\"k\",\"value\":{\"n\":3}}"));
            assertThat(subscriber.events("caught-up")).hasSize(1);
            assertThat(subscriber.retryMs()).isEqualTo(2000);
            assertThat(subscriber.response().headers().firstValue("Content-Type")).hasValueSatisfying(
                    type -> assertThat(type).startsWith("text/event-stream"));
            assertThat(subscriber.response().headers().firstValue("Cache-Control")).hasValue("no-store");
            assertThat(subscriber.response().headers().firstValue("X-Accel-Buffering")).hasValue("no");
        }
    }

    @Test
    void a_stream_that_is_behind_waits_while_others_have_all_the_memory_for_that() {
        topic("waits", 1);
        append("waits", 0, "1");
        var memory = gateway.bean(CatchUpMemory.class).budget();
        memory.take(memory.limitBytes());
        try (var subscriber = open("/topics/waits/events?from=earliest")) {
            try {
                await().until(() -> subscriber.comments() > 1);
                assertThat(subscriber.records()).isEmpty();
            } finally {
                memory.release(memory.limitBytes());
            }
            await().untilAsserted(() -> assertThat(subscriber.records()).hasSize(1));
        }
        await().untilAsserted(() -> assertThat(memory.usedBytes()).isZero());
    }

    @Test
    void a_new_stream_begins_with_what_comes_next_unless_told_otherwise() {
        topic("news", 2);
        append("news", 0, "\"old\"");
        try (var subscriber = open("/topics/news/events")) {
            await().untilAsserted(() -> assertThat(subscriber.events("caught-up")).hasSize(1));

            append("news", 1, "\"new\"");

            await().untilAsserted(() -> assertThat(values(subscriber)).containsExactly("new"));
        }
    }

    @Test
    void a_client_cut_before_its_first_record_misses_nothing() {
        topic("early", 1);
        append("early", 0, "\"before\"");
        String id;
        try (var subscriber = open("/topics/early/events")) {
            await().untilAsserted(() -> assertThat(subscriber.lastEventId()).isNotEmpty());
            id = subscriber.lastEventId();
        }

        append("early", 0, "\"meanwhile\"");

        try (var subscriber = resume("/topics/early/events", id)) {
            await().untilAsserted(() -> assertThat(values(subscriber)).containsExactly("meanwhile"));
        }
    }

    @Test
    void the_header_wins_over_the_query_parameter() {
        topic("wins", 1);
        append("wins", 0, "1", "2", "3");
        List<SseParser.Event> events;
        try (var subscriber = open("/topics/wins/events?from=earliest")) {
            await().untilAsserted(() -> assertThat(subscriber.events("record")).hasSize(3));
            events = subscriber.events("record");
        }

        try (var byQuery = open("/topics/wins/events?lastEventId=" + events.get(0).lastEventId());
                var byHeader = resume("/topics/wins/events?lastEventId=" + events.get(0).lastEventId(), events.get(1)
                        .lastEventId())) {

            await().untilAsserted(() -> assertThat(values(byQuery)).containsExactly("2", "3"));
            await().untilAsserted(() -> assertThat(values(byHeader)).containsExactly("3"));
        }
    }

    @Test
    void a_client_cut_again_and_again_sees_every_record_once_at_whichever_gateway() {
        topic("cut", 3);
        var random = new Random(42);
        var seen = new TreeMap<Integer, List<Long>>();
        var id = "";
        long appended = 0;
        for (int round = 0; round < 30; round++) {
            for (int i = 0; i < 20; i++) {
                append("cut", random.nextInt(3), "{\"n\":" + appended++ + "}", "{\"n\":" + appended++ + "}");
            }
            var where = round % 2 == 0 ? gateway : other;
            try (var subscriber = SseSubscriber.open(client, where.uri("/topics/cut/events?from=earliest"), id,
                    500 + random.nextInt(8000))) {
                await().until(() -> subscriber.ended() || !subscriber.events("caught-up").isEmpty());
                append("cut", random.nextInt(3), "{\"n\":" + appended++ + "}");
                subscriber.cut();
                note(subscriber, seen);
                id = subscriber.lastEventId();
            }
        }
        long all = appended;

        try (var subscriber = resume("/topics/cut/events?from=earliest", id)) {
            await().until(() -> seen.values().stream().mapToInt(List::size).sum() + subscriber.events("record")
                    .size() >= all);
            note(subscriber, seen);
        }

        assertThat(seen.values().stream().mapToInt(List::size).sum()).isEqualTo((int) all);
        seen.forEach((_, offsets) -> assertThat(offsets)
                .containsExactlyElementsOf(LongStream.range(0, offsets.size()).boxed().toList()));
    }

    @Test
    void what_retention_has_removed_is_told_as_a_gap() {
        topic("aged", 1);
        append("aged", 0, "0");
        append("aged", 0, "1");
        append("aged", 0, "2");
        String id;
        try (var subscriber = open("/topics/aged/events?from=earliest")) {
            await().untilAsserted(() -> assertThat(subscriber.events("record")).hasSize(3));
            id = subscriber.events("record").getFirst().lastEventId();
        }
        gateway.brokers.deleteBefore("aged", 0, 2);

        try (var subscriber = resume("/topics/aged/events", id)) {

            await().untilAsserted(() -> assertThat(values(subscriber)).containsExactly("2"));
            assertThat(subscriber.events("gap")).extracting(SseParser.Event::data)
                    .containsExactly("{\"topic\":\"aged\",\"partition\":0,\"requested\":1,\"available\":2}");
        }
    }

    @Test
    void a_topic_made_anew_is_told_as_a_gap_and_read_from_its_beginning() {
        topic("phoenix", 1);
        append("phoenix", 0, "\"old\"", "\"older\"");
        String id;
        try (var subscriber = open("/topics/phoenix/events?from=earliest")) {
            await().untilAsserted(() -> assertThat(subscriber.events("record")).hasSize(2));
            id = subscriber.lastEventId();
            gateway.images.remove("phoenix");
            await().until(subscriber::ended);
        }
        topic("phoenix", 1);
        append("phoenix", 0, "\"risen\"");

        try (var subscriber = resume("/topics/phoenix/events", id)) {

            await().untilAsserted(() -> assertThat(values(subscriber)).containsExactly("risen"));
            assertThat(subscriber.events("gap")).extracting(SseParser.Event::data)
                    .containsExactly("{\"topic\":\"phoenix\",\"partition\":0,\"requested\":2,\"available\":0}");
        }
    }

    @Test
    void a_stream_ends_when_its_topic_grows_and_resumes_with_the_new_partitions_from_their_beginning() {
        topic("growing", 1);
        append("growing", 0, "\"a\"");
        String id;
        try (var subscriber = open("/topics/growing/events?from=earliest")) {
            await().untilAsserted(() -> assertThat(subscriber.events("caught-up")).hasSize(1));
            topic("growing", 2);
            await().until(subscriber::ended);
            id = subscriber.lastEventId();
        }
        append("growing", 1, "\"b\"");
        append("growing", 0, "\"c\"");

        try (var subscriber = resume("/topics/growing/events", id)) {

            await().untilAsserted(() -> assertThat(values(subscriber)).containsExactlyInAnyOrder("b", "c"));
        }
    }

    @Test
    void a_stream_outlives_the_absence_of_a_leader() {
        topic("patient", 2);
        try (var subscriber = open("/topics/patient/events")) {
            await().untilAsserted(() -> assertThat(subscriber.events("caught-up")).hasSize(1));
            gateway.images.leaderless("patient", true);
            int comments = subscriber.comments();
            await().until(() -> subscriber.comments() > comments + 1);
            append("patient", 1, "\"kept\"");

            gateway.images.leaderless("patient", false);

            await().untilAsserted(() -> assertThat(values(subscriber)).containsExactly("kept"));
        }
    }

    @Test
    void a_resumed_stream_begins_though_a_leader_is_away_and_serves_the_other_partitions() {
        topic("half", 2);
        String id;
        // At the other gateway: a tail of this one that lingers would know no better than that the partition ends where it lost it.
        try (var subscriber = SseSubscriber.open(client, other.uri("/topics/half/events"))) {
            id = awaitId(subscriber);
        }
        append("half", 0, "\"a\"");
        append("half", 1, "\"b\"");
        gateway.brokers.away(1, true);
        try (var subscriber = resume("/topics/half/events", id)) {
            await().untilAsserted(() -> assertThat(values(subscriber)).containsExactly("a"));
            append("half", 0, "\"c\"");
            await().untilAsserted(() -> assertThat(values(subscriber)).containsExactly("a", "c"));
            assertThat(subscriber.events("caught-up")).isEmpty();

            gateway.brokers.away(1, false);

            await().untilAsserted(() -> assertThat(values(subscriber)).containsExactly("a", "c", "b"));
            await().untilAsserted(() -> assertThat(subscriber.events("caught-up")).hasSize(1));
        } finally {
            gateway.brokers.away(1, false);
        }
    }

    @Test
    void subscribers_at_the_tail_share_one_reader() {
        topic("shared", 1);
        var subscribers = new ArrayList<SseSubscriber>();
        try {
            for (int i = 0; i < 50; i++) {
                subscribers.add(open("/topics/shared/events"));
            }
            await().until(() -> subscribers.stream().noneMatch(each -> each.events("caught-up").isEmpty()));
            int before = gateway.brokers.fetches("shared");

            for (int i = 0; i < 20; i++) {
                append("shared", 0, String.valueOf(i));
            }

            var all = IntStream.range(0, 20).mapToObj(String::valueOf).toList();
            await().untilAsserted(() -> assertThat(subscribers).allSatisfy(each -> assertThat(values(each)).isEqualTo(
                    all)));
            // One for each append at most, and as many again for long polls that ended meanwhile.
            assertThat(gateway.brokers.fetches("shared") - before).isLessThanOrEqualTo(60);
        } finally {
            subscribers.forEach(SseSubscriber::close);
        }
    }

    @Test
    void several_topics_come_in_one_stream_each_partition_in_order() {
        topic("left", 2);
        topic("right", 1);
        try (var subscriber = open("/events?topics=right,left")) {
            await().untilAsserted(() -> assertThat(subscriber.events("caught-up")).hasSize(1));
            for (int i = 0; i < 10; i++) {
                append("left", i % 2, "\"l" + i + "\"");
                append("right", 0, "\"r" + i + "\"");
            }

            await().untilAsserted(() -> assertThat(subscriber.events("record")).hasSize(20));
            assertThat(values(subscriber).stream().filter(value -> value.startsWith("r")))
                    .containsExactlyElementsOf(IntStream.range(0, 10).mapToObj(i -> "r" + i).toList());
        }
    }

    @Test
    void chosen_partitions_alone_are_read() {
        topic("chosen", 3);
        append("chosen", 0, "0");
        append("chosen", 1, "1");
        append("chosen", 2, "2");
        try (var subscriber = open("/topics/chosen/events?from=earliest&partitions=2,0")) {
            await().untilAsserted(() -> assertThat(subscriber.events("caught-up")).hasSize(1));

            assertThat(values(subscriber)).containsExactlyInAnyOrder("0", "2");
        }
    }

    @Test
    void a_stream_begins_at_a_time() {
        topic("timed", 1);
        gateway.brokers.append("timed", 0, 1_000, "\"old\"");
        gateway.brokers.append("timed", 0, 1_767_225_600_000L, "\"new\"");
        try (var byMilliseconds = open("/topics/timed/events?from=1767225600000");
                var byIso = open("/topics/timed/events?from=2026-01-01T00:00:00Z")) {

            await().untilAsserted(() -> assertThat(values(byMilliseconds)).containsExactly("new"));
            await().untilAsserted(() -> assertThat(values(byIso)).containsExactly("new"));
        }
    }

    @Test
    void values_are_shown_in_the_format_asked_for_on_one_line() {
        topic("shapes", 1);
        append("shapes", 0, "{\n  \"n\": 1\n}", "no json");
        try (var json = open("/topics/shapes/events?from=earliest");
                var text = open("/topics/shapes/events?from=earliest&format=text");
                var binary = open("/topics/shapes/events?from=earliest&format=binary")) {

            await().untilAsserted(() -> assertThat(values(json)).containsExactly("{\"n\":1}", "no json"));
            await().untilAsserted(() -> assertThat(values(text)).containsExactly("{\n  \"n\": 1\n}", "no json"));
            await().untilAsserted(() -> assertThat(values(binary)).containsExactly("ewogICJuIjogMQp9", "bm8ganNvbg=="));
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            /topics/absent/events                             | 404 | absent
            /events?topics=refused,absent                     | 404 | absent
            /topics/refused/events?partitions=7               | 404 | 7
            /topics/refused/events?partitions=x               | 400 | partitions
            /topics/refused/events?from=yesterday             | 400 | from
            /topics/refused/events?format=xml                 | 422 | format
            /topics/refused/events?where=n                    | 422 | where
            /topics/refused/events?timeout=-1                 | 422 | timeout
            /topics/refused/events?timeout=soon               | 400 | timeout
            /topics/refused/events?lastEventId=nonsense       | 400 | Last-Event-ID
            /events?topics=refused,,x                         | 400 | topics
            /events?topics=refused,refused2&partitions=0      | 400 | partitions
            /events                                           | 400 | topics
            """)
    void a_wrong_request_is_answered_before_the_stream_begins(String path, int status, String named) {
        topic("refused", 1);
        topic("refused2", 1);

        var response = gateway.send("GET", path, null);

        assertThat(response.status()).isEqualTo(status);
        assertThat(response.json().get("error_code").asInt()).isEqualTo(status);
        assertThat(response.json().get("message").asString()).contains(named);
    }

    @Test
    void a_request_for_the_headers_alone_opens_no_stream() {
        topic("headers", 1);

        var response = gateway.send("HEAD", "/topics/headers/events", null);

        assertThat(response.status()).isEqualTo(200);
        assertThat(Optional.of(response.header("Content-Type"))).hasValueSatisfying(
                type -> assertThat(type).startsWith("text/event-stream"));
    }

    @Test
    void an_id_of_another_subscription_is_refused() {
        topic("mine", 1);
        topic("yours", 1);
        String id;
        try (var subscriber = open("/topics/mine/events")) {
            id = awaitId(subscriber);
        }

        var response = gateway.send("GET", "/topics/yours/events", null, "Last-Event-ID", id);

        assertThat(response.status()).isEqualTo(400);
    }

    @ParameterizedTest
    @CsvSource({"/topics/filtered/events?keys=a, keys", "/events?topics=filtered&form=earliest, form",
            "/topics/filtered/events?topics=filtered, topics"})
    void a_parameter_that_is_not_known_is_refused_by_its_name(String path, String parameter) {
        if (gateway.images.current().topicsByName().get("filtered") == null) {
            topic("filtered", 1);
        }

        var response = gateway.send("GET", path, null);

        assertThat(response.status()).isEqualTo(400);
        assertThat(response.json().get("message").asString()).startsWith(parameter + ": ");
    }

    @Test
    void more_streams_than_allowed_are_refused_for_now() {
        try (var small = gateway.another("millrace.events.max-streams=1")) {
            topic("crowded", 1);
            try (var first = SseSubscriber.open(client, small.uri("/topics/crowded/events"))) {
                awaitId(first);

                var second = small.send("GET", "/topics/crowded/events", null);

                assertThat(second.status()).isEqualTo(503);
                assertThat(second.header("Retry-After")).isNotEmpty();
            }
            await().untilAsserted(() -> {
                append("crowded", 0, "1");
                try (var third = SseSubscriber.open(client, small.uri("/topics/crowded/events"))) {
                    assertThat(third.response().statusCode()).isEqualTo(200);
                }
            });
        }
    }

    @Test
    void a_gateway_that_stops_ends_its_streams_at_a_whole_event() {
        topic("farewell", 1);
        String id;
        try (var stopping = gateway.another()) {
            var subscriber = SseSubscriber.open(client, stopping.uri("/topics/farewell/events"));
            awaitId(subscriber);
            append("farewell", 0, "\"a\"");
            await().untilAsserted(() -> assertThat(values(subscriber)).containsExactly("a"));

            stopping.stop();

            await().until(subscriber::ended);
            id = subscriber.lastEventId();
        }
        append("farewell", 0, "\"b\"");
        try (var subscriber = resume("/topics/farewell/events", id)) {
            await().untilAsserted(() -> assertThat(values(subscriber)).containsExactly("b"));
        }
    }

    @Test
    void a_reader_that_is_too_slow_is_closed_and_can_resume_and_others_are_not_held_back() {
        try (var strict = gateway.another("millrace.events.max-lag=1MB")) {
            topic("flood", 1);
            var big = "\"" + "x".repeat(50_000) + "\"";
            int records = 0;
            try (var slow = new StalledClient(strict.port(), "/topics/flood/events");
                    var quick = SseSubscriber.open(client, strict.uri("/topics/flood/events"))) {
                awaitId(quick);
                slow.awaitHeaders();
                for (int round = 0; round < 100; round++) {
                    append("flood", 0, big, big, big, big, big, big);
                    records += 6;
                    int expected = records;
                    await().pollInterval(Duration.ofMillis(2)).until(() -> quick.events("record").size() == expected);
                }

                var parser = slow.readToTheEnd();

                int missed = records - parser.events("record").size();
                assertThat(missed).isPositive();
                try (var resumed = SseSubscriber.resume(client, strict.uri("/topics/flood/events"), parser
                        .lastEventId())) {
                    await().until(() -> resumed.events("record").size() == missed);
                }
            }
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

    private static SseSubscriber resume(String path, String lastEventId) {
        return SseSubscriber.resume(client, gateway.uri(path), lastEventId);
    }

    private static String awaitId(SseSubscriber subscriber) {
        await().untilAsserted(() -> assertThat(subscriber.lastEventId()).isNotEmpty());
        return subscriber.lastEventId();
    }

    private static List<String> values(SseSubscriber subscriber) {
        return subscriber.records().stream().map(data -> JSON.readTree(data).get("value"))
                .map(value -> value.isString() ? value.asString() : value.toString()).toList();
    }

    private static void note(SseSubscriber subscriber, TreeMap<Integer, List<Long>> seen) {
        for (var data : subscriber.records()) {
            var record = JSON.readTree(data);
            seen.computeIfAbsent(record.get("partition").asInt(), _ -> new ArrayList<>()).add(record.get("offset")
                    .asLong());
        }
    }
}
