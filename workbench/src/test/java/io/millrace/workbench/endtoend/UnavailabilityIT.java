package io.millrace.workbench.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.workbench.endtoend.Gateway.Answer;
import io.millrace.workbench.suite.Suite;
import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;

/** A part of the suite is away: what needs it answers 503 and when to come again, the rest goes on, and all is well when it is back. */
@WithSuite
@Order(1)
class UnavailabilityIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Suite suite;
    private final Gateway gateway;

    UnavailabilityIT(Suite suite, Gateway gateway) {
        this.suite = suite;
        this.gateway = gateway;
    }

    @Test
    void without_postgres_records_go_in_and_out_and_topics_wait() throws Exception {
        gateway.createTopic("postgres-away", 1);
        gateway.produce("postgres-away", List.of("{\"value\":0}")); // its leader knows of it
        suite.stop("postgres");
        try {
            gateway.produce("postgres-away", List.of("{\"value\":1}", "{\"value\":2}"));
            assertThat(Gateway.delivered(gateway.get("/topics/postgres-away/partitions/0/records?offset=0").expect(200)
                    .body())).hasSize(3);
            assertIsAwayButAnswers(createTopic("postgres-away-new"));
        } finally {
            suite.start("postgres");
            suite.awaitReady(PATIENCE, "postgres");
        }
        assertTopicCanBeCreated("postgres-back");
        awaitAllReady();
    }

    @Test
    void with_all_connections_taken_and_the_metadata_locked_leases_are_renewed_and_records_go_in_and_out()
            throws Exception {
        gateway.createTopic("postgres-full", 1);
        int leader = leader("postgres-full");
        List<Connection> taken = new ArrayList<>();
        try {
            Connection holder = connect();
            taken.add(holder);
            holder.setAutoCommit(false);
            try (Statement statement = holder.createStatement()) {
                statement.execute("select from metadata.cluster for update");
            }
            takeAll(taken);
            assertThat(taken).hasSizeGreaterThan(20);
            assertIsAwayButAnswers(createTopic("postgres-full-new"));
            gateway.produce("postgres-full", List.of("{\"value\":1}", "{\"value\":2}"));
            assertThat(Gateway.delivered(gateway.get("/topics/postgres-full/partitions/0/records?offset=0").expect(200)
                    .body())).hasSize(2);
            assertThat(fencedBrokers(holder)).as("brokers whose lease has run out").isZero();
        } finally {
            for (Connection connection : taken) {
                connection.close();
            }
        }
        assertTopicCanBeCreated("postgres-full-back");
        assertThat(leader("postgres-full")).isEqualTo(leader);
        awaitAllReady();
    }

    private int leader(String topic) throws IOException, InterruptedException {
        return gateway.get("/topics/" + topic + "/partitions/0").expect(200).body().get("leader").asInt();
    }

    /** By PostgreSQL's clock, over a connection that is in a transaction since before. */
    private static int fencedBrokers(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(
                        "select count(*) from metadata.broker where fenced or lease_expires_at < clock_timestamp()")) {
            rows.next();
            return rows.getInt(1);
        }
    }

    private Connection connect() throws SQLException {
        return DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + suite.settings().ports().postgres()
                + "/millrace", "millrace", "millrace");
    }

    /** Until the server has none left. */
    private void takeAll(List<Connection> taken) throws SQLException {
        while (true) {
            try {
                taken.add(connect());
            } catch (SQLException e) {
                assertThat(e.getSQLState()).as("%s", e).isEqualTo("53300");
                return;
            }
        }
    }

    @Test
    void without_the_coordinator_records_go_in_and_out_and_groups_wait() throws Exception {
        gateway.createTopic("coordinator-away", 1);
        suite.stop("coordinator");
        try {
            gateway.produce("coordinator-away", List.of("{\"value\":1}"));
            assertThat(Gateway.delivered(gateway.get("/topics/coordinator-away/partitions/0/records?offset=0")
                    .expect(200).body())).hasSize(1);
            try (ExecutorService calls = Executors.newVirtualThreadPerTaskExecutor()) {
                Future<Answer> topic = calls.submit(() -> createTopic("coordinator-away-new"));
                Future<Answer> group = calls.submit(() -> gateway.post("/consumers/waiting", Gateway.METADATA,
                        "{\"name\":\"one\",\"format\":\"json\"}"));
                assertIsAwayButAnswers(topic.get());
                assertIsAwayButAnswers(group.get());
            }
        } finally {
            suite.start("coordinator");
            suite.awaitReady(PATIENCE, "coordinator");
        }
        assertTopicCanBeCreated("coordinator-back");
        awaitAllReady();
    }

    @Test
    void without_the_offset_service_commits_wait() throws Exception {
        gateway.createTopic("offset-away", 1);
        gateway.produce("offset-away", List.of("{\"value\":1}"));
        String instance = gateway.join("offset-away", "one", "offset-away", PATIENCE.multipliedBy(2));
        await().atMost(PATIENCE).until(() -> !gateway.poll(instance, 500, 100_000).isEmpty());
        suite.stop("offset");
        try {
            gateway.produce("offset-away", List.of("{\"value\":2}"));
            assertIsAwayButAnswers(gateway.post(instance + "/offsets", Gateway.METADATA, ""));
        } finally {
            suite.start("offset");
            suite.awaitReady(PATIENCE, "offset");
        }
        await().atMost(PATIENCE)
                .until(() -> gateway.post(instance + "/offsets", Gateway.METADATA, "").status() == 204);
        gateway.delete(instance).expect(204);
        awaitAllReady();
    }

    private Answer createTopic(String name) throws IOException, InterruptedException {
        return gateway.post("/admin/topics", Gateway.METADATA,
                "{\"topic_name\":\"" + name + "\",\"partitions_count\":1}");
    }

    private static void assertIsAwayButAnswers(Answer answer) {
        answer.expect(503);
        assertThat(answer.retryAfter()).as("Retry-After").isNotNull();
        assertThat(answer.body().get("error_code").asInt()).isEqualTo(503);
        assertThat(answer.body().get("message").asString()).isNotBlank();
    }

    private void assertTopicCanBeCreated(String name) {
        await().atMost(PATIENCE).until(() -> createTopic(name).status() == 201);
    }

    private void awaitAllReady() {
        await().atMost(PATIENCE).until(() -> suite.names().stream().allMatch(suite::isReady));
    }
}
