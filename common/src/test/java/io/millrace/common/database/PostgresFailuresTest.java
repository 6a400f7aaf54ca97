package io.millrace.common.database;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.common.error.ErrorCode;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.transaction.TransactionSystemException;

class PostgresFailuresTest {
    @ParameterizedTest
    @ValueSource(strings = {"08001", "08006", "40P01", "53300", "57014", "57P01", "57P03", "25P03"})
    void what_passes_is_a_refusal_that_may_be_retried(String state) {
        var refusal = PostgresFailures.refusal(new IllegalStateException(new SQLException("gone", state)));

        assertThat(refusal).isNotNull();
        assertThat(refusal.code()).isEqualTo(ErrorCode.UNAVAILABLE);
    }

    @Test
    void a_pool_without_a_connection_to_give_is_one_too() {
        assertThat(PostgresFailures.refusal(new SQLTransientConnectionException("no connection within 3 s")))
                .isNotNull();
    }

    @Test
    void a_rollback_that_failed_because_the_connection_is_closed_is_one_too() {
        var failure = new TransactionSystemException("JDBC rollback failed", new SQLException("Connection is closed"));

        assertThat(PostgresFailures.refusal(failure)).isNotNull();
    }

    @Test
    void a_transaction_that_failed_for_a_reason_with_a_state_of_its_own_is_not() {
        var failure = new TransactionSystemException("JDBC commit failed", new SQLException("wrong", "23505"));

        assertThat(PostgresFailures.refusal(failure)).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"42601", "23505", "22001"})
    void a_fault_in_a_statement_is_not(String state) {
        assertThat(PostgresFailures.refusal(new IllegalStateException(new SQLException("wrong", state)))).isNull();
    }

    @Test
    void nor_is_a_failure_that_has_nothing_to_do_with_sql_even_if_its_causes_form_a_ring() {
        var one = new IllegalStateException("one");
        var other = new IllegalStateException("other", one);
        one.initCause(other);

        assertThat(PostgresFailures.refusal(other)).isNull();
    }
}
