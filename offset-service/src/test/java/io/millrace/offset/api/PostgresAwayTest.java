package io.millrace.offset.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.offset.ClusterRows;
import io.millrace.offset.api.RunningOffsetService.Answer;
import io.millrace.testing.TestPostgres;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What the service answers while PostgreSQL is away, and that it comes back by itself. */
class PostgresAwayTest {
    private static final TestPostgres POSTGRES = TestPostgres.create();
    private static RunningOffsetService service;

    private final ClusterRows rows = new ClusterRows(POSTGRES.direct());

    @BeforeAll
    static void startService() {
        service = new RunningOffsetService(POSTGRES);
    }

    @AfterAll
    static void stopService() {
        service.close();
        POSTGRES.close();
    }

    @Test
    void while_postgres_is_away_commits_are_asked_to_come_again_and_do_so_with_success() {
        rows.addTopic("stopped", 1);
        assertThat(service.commit("g", null, 0, "stopped", 0, 1).status()).isEqualTo(204);

        POSTGRES.stop();
        try {
            assertUnavailable(service.commit("g", null, 0, "stopped", 0, 2));
            assertUnavailable(service.post("/internal/offsets/g/fetch", "{}"));
            assertThat(service.get("/actuator/health/readiness").status()).isEqualTo(200);
            assertThat(service.get("/actuator/health/liveness").status()).isEqualTo(200);
        } finally {
            POSTGRES.start();
        }

        await().atMost(Duration.ofSeconds(90)).until(() -> service.commit("g", null, 0, "stopped", 0, 3)
                .status() == 204);
        assertThat(service.post("/internal/offsets/g/fetch", "{}").body().path("offsets").get(0).path("offset")
                .asLong())
                .isEqualTo(3);
    }

    @Test
    void while_postgres_does_not_answer_commits_are_refused_within_a_bound_and_recover() {
        rows.addTopic("frozen", 1);
        await().atMost(Duration.ofSeconds(90)).until(() -> service.commit("f", null, 0, "frozen", 0, 1)
                .status() == 204);

        POSTGRES.freeze();
        try {
            assertUnavailable(service.commit("f", null, 0, "frozen", 0, 2));
        } finally {
            POSTGRES.start();
        }

        await().atMost(Duration.ofSeconds(90)).until(() -> service.commit("f", null, 0, "frozen", 0, 3)
                .status() == 204);
    }

    private static void assertUnavailable(Answer answer) {
        assertThat(answer.status()).isEqualTo(503);
        assertThat(answer.code()).isIn("UNAVAILABLE", "TIMED_OUT");
        assertThat(answer.response().headers().firstValue("Retry-After")).isPresent();
    }
}
