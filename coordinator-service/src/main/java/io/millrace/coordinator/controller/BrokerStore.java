package io.millrace.coordinator.controller;

import io.millrace.coordinator.controller.BrokerTransitions.Broker;
import java.util.Collection;
import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** Brokers in PostgreSQL. All but the read runs within {@link ControllerRole#write}. */
@Component
class BrokerStore {
    private final JdbcClient sql;

    BrokerStore(JdbcClient sql) {
        this.sql = sql;
    }

    /** The only statement that a controller at rest repeats: it touches the brokers' rows alone. */
    List<Broker> brokers() {
        return sql.sql("""
                select id, epoch, lease_expires_at <= clock_timestamp(), ready, fenced, tail_lost, leaving
                from metadata.broker
                where not removed
                """)
                .query((row, _) -> new Broker(
                        row.getInt(1), row.getLong(2), row.getBoolean(3), row.getBoolean(4), row.getBoolean(5),
                        row.getBoolean(6), row.getBoolean(7)))
                .list();
    }

    /** The lease ends too: one that is renewed afterwards shows that the broker is alive, and its successor need not wait for it. */
    void fence(Collection<Integer> brokers, long version) {
        change(brokers, "fenced = true, lease_expires_at = least(lease_expires_at, clock_timestamp())", version);
    }

    void unfence(Collection<Integer> brokers, long version) {
        change(brokers, "fenced = false", version);
    }

    void settleLostTails(Collection<Integer> brokers, long version) {
        change(brokers, "tail_lost = false", version);
    }

    private void change(Collection<Integer> brokers, String assignments, long version) {
        if (!brokers.isEmpty()) {
            sql.sql("update metadata.broker set %s, version = :version where id in (:brokers)".formatted(assignments))
                    .param("version", version)
                    .param("brokers", brokers)
                    .update();
        }
    }
}
