package io.millrace.offset.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.offset.ClusterRows;
import io.millrace.offset.LogLeader;
import io.millrace.testing.TestPostgres;
import java.io.ByteArrayInputStream;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;

/** The running service: its HTTP API, on real sockets. */
class OffsetsHttpTest {
    private static final TestPostgres POSTGRES = TestPostgres.create();
    private static RunningOffsetService service;

    @AutoClose
    private final LogLeader leader = new LogLeader();

    private final JdbcClient direct = POSTGRES.direct();
    private final ClusterRows rows = new ClusterRows(direct);

    @BeforeAll
    static void startService() {
        service = new RunningOffsetService(POSTGRES);
    }

    @AfterAll
    static void stopService() {
        service.close();
        POSTGRES.close();
    }

    @BeforeEach
    void emptyTables() {
        rows.clear();
        direct.sql("truncate offsets.committed, offsets.group_seen").update();
        for (String topic : direct.sql("select name from metadata.topic").query(String.class).list()) {
            rows.deleteTopic(topic);
        }
    }

    @Test
    void a_commit_is_read_back() {
        rows.addTopic("t", 3);
        rows.add("g", "m", 1);

        var committed = service.post("/internal/offsets/g/commit", """
                {"member": {"memberId": "m", "epoch": 1}, "offsets": [
                    {"topic": "t", "partition": 2, "offset": 20, "leaderEpoch": 4, "metadata": "here"},
                    {"topic": "t", "partition": 0, "offset": 10}]}""");

        assertThat(committed.status()).isEqualTo(204);
        var all = service.post("/internal/offsets/g/fetch", "{}");
        assertThat(all.status()).isEqualTo(200);
        var offsets = all.body().path("offsets");
        assertThat(offsets.size()).isEqualTo(2);
        assertThat(offsets.get(0).path("offset").asLong()).isEqualTo(10);
        assertThat(offsets.get(0).path("metadata").asString()).isEmpty();
        assertThat(offsets.get(1).path("leaderEpoch").asInt()).isEqualTo(4);
        assertThat(offsets.get(1).path("metadata").asString()).isEqualTo("here");
        assertThat(offsets.get(1).path("committedAtMs").asLong()).isPositive();
        assertThat(offsets).allSatisfy(offset -> assertThat(offset.path("topicId").asString()).isEqualTo(direct.sql(
                "select id::text from metadata.topic where name = 't'").query(String.class).single()));
        var named = service.post("/internal/offsets/g/fetch",
                """
                {"partitions": [{"topic": "t", "partition": 2}, {"topic": "t", "partition": 1}, {"topic": "x", "partition": 0}]}""");
        assertThat(named.body().path("offsets").get(0).path("topicId")).isEqualTo(offsets.get(0).path("topicId"));
        assertThat(named.body().path("offsets").size()).isEqualTo(1);
        assertThat(named.body().path("offsets").get(0).path("offset").asLong()).isEqualTo(20);
    }

    @Test
    void a_fenced_commit_is_a_conflict_and_an_unknown_member_is_not_found() {
        rows.addTopic("t", 1);
        rows.add("g", "m", 2);

        var fenced = service.commit("g", "m", 1, "t", 0, 10);
        assertThat(fenced.status()).isEqualTo(409);
        assertThat(fenced.code()).isEqualTo("FENCED_MEMBER_EPOCH");
        assertThat(fenced.message()).contains("'m'", "epoch 2");
        var unknown = service.commit("g", "other", 1, "t", 0, 10);
        assertThat(unknown.status()).isEqualTo(404);
        assertThat(unknown.code()).isEqualTo("UNKNOWN_MEMBER");
        var outsider = service.commit("g", null, 0, "t", 0, 10);
        assertThat(outsider.status()).isEqualTo(404);
        assertThat(outsider.code()).isEqualTo("UNKNOWN_MEMBER");
    }

    @Test
    void unknown_topics_and_partitions_are_not_found_and_a_new_topic_is_known_at_once() {
        assertThat(service.commit("g", null, 0, "t", 0, 1).code()).isEqualTo("UNKNOWN_TOPIC");
        for (int i = 0; i < 5; i++) {
            rows.addTopic("t" + i, 1);

            var known = service.commit("g", null, 0, "t" + i, 0, 1);

            assertThat(known.status()).as(known.message()).isEqualTo(204);
            assertThat(service.commit("g", null, 0, "t" + i, 1, 1).code()).isEqualTo("UNKNOWN_PARTITION");
        }
    }

    @Test
    void many_commits_to_an_unknown_topic_at_once_are_each_told_so() throws Exception {
        try (var callers = Executors.newFixedThreadPool(200)) {
            var answers = callers.invokeAll(Collections.nCopies(200, () -> service.commit("g", null, 0, "gone", 0, 1)
                    .code()));
            for (var answer : answers) {
                assertThat(answer.get()).isEqualTo("UNKNOWN_TOPIC");
            }
        }
    }

    @Test
    void a_topic_created_again_does_not_inherit_offsets() {
        rows.addTopic("t", 1);
        service.commit("g", null, 0, "t", 0, 10);
        rows.deleteTopic("t");
        assertThat(service.post("/internal/offsets/g/fetch", "{}").body().path("offsets").isEmpty()).isTrue();
        rows.addTopic("t", 1);

        assertThat(service.post("/internal/offsets/g/fetch", "{}").body().path("offsets").isEmpty()).isTrue();
        assertThat(service.post("/internal/offsets/g/fetch", """
                {"partitions": [{"topic": "t", "partition": 0}]}""").body().path("offsets").isEmpty()).isTrue();
    }

    @Test
    void offsets_of_a_group_are_deleted_unless_it_has_members() {
        rows.addTopic("t", 1);
        service.commit("g", null, 0, "t", 0, 10);
        rows.add("g", "m", 1);
        var refused = service.send("DELETE", "/internal/offsets/g", BodyPublishers.noBody());
        assertThat(refused.status()).isEqualTo(409);
        assertThat(refused.code()).isEqualTo("GROUP_NOT_EMPTY");
        rows.clear();

        assertThat(service.send("DELETE", "/internal/offsets/g", BodyPublishers.noBody()).status()).isEqualTo(204);

        assertThat(service.post("/internal/offsets/g/fetch", "{}").body().path("offsets").isEmpty()).isTrue();
    }

    @Test
    void named_offsets_are_forgotten_and_the_others_stay() {
        rows.addTopic("t", 3);
        for (int partition = 0; partition < 3; partition++) {
            service.commit("g", null, 0, "t", partition, 10 + partition);
        }

        assertThat(service.post("/internal/offsets/g/forget", """
                {"partitions": [{"topic": "t", "partition": 0}, {"topic": "t", "partition": 2},
                    {"topic": "nowhere", "partition": 0}]}""").status()).isEqualTo(204);

        var left = service.post("/internal/offsets/g/fetch", "{}").body().path("offsets");
        assertThat(left.size()).isOne();
        assertThat(left.get(0).path("partition").asInt()).isOne();
        assertThat(service.post("/internal/offsets/g/forget", "{}").status()).isEqualTo(400);
    }

    @Test
    void an_empty_group_is_reset_within_what_the_leaders_hold() {
        rows.addBroker(0, "127.0.0.1", leader.port());
        rows.addTopic("t", 3);
        leader.setLog("t", 0, 100, 200);
        leader.setLog("t", 1, 0, 50);
        service.commit("g", null, 0, "t", 0, 150);
        service.commit("g", null, 0, "t", 1, 20);

        assertThat(reset("{\"to\": \"earliest\"}")).containsExactly(100L, 0L);
        assertThat(reset("{\"to\": \"latest\"}")).containsExactly(200L, 50L);
        assertThat(reset("{\"to\": \"offset\", \"value\": 60}")).containsExactly(100L, 50L);
        assertThat(reset("{\"to\": \"shift\", \"value\": -10}")).containsExactly(100L, 40L);
        assertThat(reset("{\"to\": \"timestamp\", \"value\": 120}")).containsExactly(120L, 50L);
        assertThat(reset("{\"to\": \"earliest\", \"partitions\": [{\"topic\": \"t\", \"partition\": 1}]}"))
                .containsExactly(0L);
        assertThat(service.post("/internal/offsets/g/fetch", "{}").body().path("offsets").get(0).path("offset")
                .asLong())
                .isEqualTo(120);
    }

    @Test
    void a_reset_that_cannot_be_is_refused_and_changes_nothing() {
        rows.addBroker(0, "127.0.0.1", leader.port());
        rows.addTopic("t", 2);
        leader.setLog("t", 0, 0, 10);
        service.commit("g", null, 0, "t", 0, 5);

        assertThat(service.post("/internal/offsets/g/reset", "{\"to\": \"middle\"}").status()).isEqualTo(400);
        assertThat(service.post("/internal/offsets/g/reset", "{\"to\": \"shift\", \"value\": 1, \"partitions\": "
                + "[{\"topic\": \"t\", \"partition\": 1}]}").message()).contains("committed nothing for t-1");
        assertThat(service.post("/internal/offsets/other/reset", "{\"to\": \"earliest\"}").message()).contains(
                "committed nothing");
        assertThat(service.post("/internal/offsets/g/reset", "{\"to\": \"earliest\", \"partitions\": "
                + "[{\"topic\": \"x\", \"partition\": 0}]}").code()).isEqualTo("UNKNOWN_TOPIC");
        assertThat(service.post("/internal/offsets/g/reset", "{\"to\": \"earliest\", \"partitions\": "
                + "[{\"topic\": \"t\", \"partition\": 7}]}").code()).isEqualTo("UNKNOWN_PARTITION");
        var notLed = service.post("/internal/offsets/g/reset", "{\"to\": \"earliest\", \"partitions\": "
                + "[{\"topic\": \"t\", \"partition\": 1}]}");
        assertThat(notLed.status()).isEqualTo(503);
        assertThat(notLed.code()).isEqualTo("LEADER_UNAVAILABLE");
        assertThat(notLed.response().headers().firstValue("Retry-After")).isPresent();
        rows.add("g", "m", 1);
        assertThat(service.post("/internal/offsets/g/reset", "{\"to\": \"earliest\"}").code()).isEqualTo(
                "GROUP_NOT_EMPTY");

        assertThat(direct.sql("select next_offset from offsets.committed").query(Long.class).list()).containsExactly(
                5L);
    }

    @Test
    void a_new_leader_is_asked_again_until_it_knows_its_high_watermark() {
        rows.addBroker(0, "127.0.0.1", leader.port());
        rows.addTopic("t", 1);
        leader.setLog("t", 0, 0, 10);
        service.commit("g", null, 0, "t", 0, 5);
        leader.settlesAfter(2);

        assertThat(reset("{\"to\": \"latest\"}")).containsExactly(10L);
    }

    @Test
    void a_leader_that_is_gone_is_unavailable() {
        rows.addBroker(0, "127.0.0.1", leader.port());
        rows.addTopic("t", 1);
        service.commit("g", null, 0, "t", 0, 5);
        leader.close();

        var answer = service.post("/internal/offsets/g/reset", "{\"to\": \"earliest\"}");

        assertThat(answer.status()).isEqualTo(503);
        assertThat(answer.code()).isEqualTo("LEADER_UNAVAILABLE");
    }

    @Test
    void a_body_that_is_not_understood_is_refused() {
        rows.addTopic("t", 1);

        assertThat(service.post("/internal/offsets/g/commit", "{\"offsets\": [").status()).isEqualTo(400);
        var unknownField = service.post("/internal/offsets/g/commit", "{\"offsets\": [], \"surprise\": 1}");
        assertThat(unknownField.status()).isEqualTo(400);
        assertThat(unknownField.message()).contains("surprise");
        assertThat(service.post("/internal/offsets/g/commit",
                "{\"offsets\": [{\"topic\": \"t\", \"partition\": \"x\", \"offset\": 1}]}")
                .status()).isEqualTo(400);
        assertThat(service.post("/internal/offsets/g/commit", "{}").message()).isEqualTo("offsets is missing");
        assertThat(service.commit("g", null, 0, "t", 0, -1).status()).isEqualTo(400);
        assertThat(service.commit("g".repeat(300), null, 0, "t", 0, 1).message()).contains("group has 300 characters");
        var tooMany = String.join(",", IntStream.range(0, 501)
                .mapToObj(_ -> "{\"topic\": \"t\", \"partition\": 0, \"offset\": 1}")
                .toList());
        assertThat(service.post("/internal/offsets/g/commit", "{\"offsets\": [" + tooMany + "]}").message()).contains(
                "at most 500");
    }

    @Test
    void a_body_over_the_limit_is_refused_with_and_without_a_length() {
        var large = ("{\"offsets\": [" + " ".repeat(70_000) + "]}").getBytes(StandardCharsets.UTF_8);

        var announced = service.send("POST", "/internal/offsets/g/commit", BodyPublishers.ofByteArray(large));
        var chunked = service.send("POST", "/internal/offsets/g/commit",
                BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(large)));

        assertThat(announced.status()).isEqualTo(413);
        assertThat(announced.code()).isEqualTo("BODY_TOO_LARGE");
        assertThat(chunked.status()).isEqualTo(413);
        assertThat(chunked.code()).isEqualTo("BODY_TOO_LARGE");
    }

    @Test
    void concurrent_commits_share_statements_and_all_are_stored() {
        rows.addTopic("t", 200);
        rows.add("g", "m", 1);
        // The service knows the topic then, and need not ask PostgreSQL about it for each of the commits.
        assertThat(service.commit("g", "m", 1, "t", 0, 0).status()).isEqualTo(204);

        var commits = IntStream.range(0, 200)
                .mapToObj(partition -> CompletableFuture.supplyAsync(() -> service.commit("g", "m", 1, "t", partition,
                        partition), Thread::startVirtualThread))
                .toList();

        assertThat(commits).allSatisfy(commit -> assertThat(commit.join().status()).isEqualTo(204));
        assertThat(direct.sql("select count(*) from offsets.committed where next_offset = partition").query(
                Integer.class).single())
                .isEqualTo(200);
    }

    @Test
    void health_and_meters_are_served() {
        assertThat(service.get("/actuator/health/readiness").body().path("status").asString()).isEqualTo("UP");
        assertThat(service.get("/actuator/health/liveness").body().path("components").has("commitLoop")).isTrue();
        service.commit("g", null, 0, "nowhere", 0, 1);
        assertThat(service.prometheus()).contains("millrace_offset_commit_batch",
                "millrace_offset_commit_queue_offsets",
                "millrace_offset_commits_total{", "outcome=\"UNKNOWN_TOPIC\"", "millrace_metadata_version");
    }

    private List<Long> reset(String body) {
        var answer = service.post("/internal/offsets/g/reset", body);
        assertThat(answer.status()).as(answer.message()).isEqualTo(200);
        var offsets = new ArrayList<Long>();
        answer.body().path("offsets").forEach(offset -> offsets.add(offset.path("offset").asLong()));
        return offsets;
    }
}
