package io.millrace.common.lease;

import io.millrace.common.metadata.Knowledge;
import io.millrace.common.metadata.MetadataTransaction;
import java.sql.Connection;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;

/** The row of one broker in PostgreSQL, over one connection. Each call is one statement, and only PostgreSQL's clock counts. */
final class BrokerLeaseStore {
    private final JdbcClient sql;
    private final BrokerIdentity identity;
    private final UUID incarnation;
    private final double ttlSeconds;

    BrokerLeaseStore(Connection connection, BrokerIdentity identity, UUID incarnation, Duration ttl) {
        this.sql = JdbcClient.create(new SingleConnectionDataSource(connection, true));
        this.identity = identity;
        this.incarnation = incarnation;
        this.ttlSeconds = ttl.toMillis() / 1000.0;
    }

    /**
     * Registers, fenced, under an epoch above any before and above {@code seenEpoch} (PostgreSQL may have failed over to a standby that
     * lagged behind). The logs count as whole only if the broker says so and no other data directory, and no other copy of this one, has
     * registered under the id since this one did: what was acknowledged meanwhile is not in it. A process says so with its first registration
     * only, for after that it has been taken out of all ISRs and may be back in them. A broker that was removed is a member again once its
     * process is another.
     *
     * @return the epoch, or nothing while the lease of another incarnation runs, and if this one was removed
     */
    Optional<Long> register(long seenEpoch) {
        return sql.sql("""
                with next as (
                    update metadata.cluster
                    set version = version + 1,
                        contradicted_version = case when :lastEpoch > (select coalesce(max(epoch), 0) from metadata.broker
                            where id = :id) then greatest(contradicted_version, version) else contradicted_version end
                    where not exists (
                        select from metadata.broker
                        where id = :id and case when incarnation = :incarnation then removed
                            else lease_expires_at > clock_timestamp() end)
                    returning version
                ), registered as (
                    insert into metadata.broker as b (id, epoch, incarnation, directory_id, host, kafka_port, http_url,
                        ready, fenced, tail_lost, leaving, lease_expires_at, version)
                    select :id, cast(:seenEpoch as bigint) + 1, :incarnation, :directoryId, :host, :kafkaPort, :httpUrl,
                        false, true, :tailLost, false, clock_timestamp() + make_interval(secs => :ttl), next.version
                    from next
                    on conflict (id) do update
                    set epoch = greatest(b.epoch + 1, excluded.epoch),
                        incarnation = excluded.incarnation,
                        directory_id = excluded.directory_id,
                        host = excluded.host,
                        kafka_port = excluded.kafka_port,
                        http_url = excluded.http_url,
                        ready = false,
                        fenced = true,
                        tail_lost = b.tail_lost
                            or b.incarnation <> excluded.incarnation and (excluded.tail_lost
                                or b.directory_id <> excluded.directory_id or b.epoch > :lastEpoch),
                        leaving = false,
                        draining = b.draining and not b.removed,
                        removed = false,
                        lease_expires_at = clock_timestamp() + make_interval(secs => :ttl),
                        version = excluded.version
                    where case when b.incarnation = excluded.incarnation then not b.removed
                        else b.lease_expires_at <= clock_timestamp() end
                    returning epoch
                )
                select epoch, pg_notify('%s', '') from registered
                """.formatted(MetadataTransaction.CHANNEL))
                .param("id", identity.id())
                .param("seenEpoch", Math.max(seenEpoch, Math.max(identity.lastEpoch(), 0)))
                .param("incarnation", incarnation)
                .param("directoryId", identity.directoryId())
                .param("host", identity.host())
                .param("kafkaPort", identity.kafkaPort())
                .param("httpUrl", identity.httpUrl())
                .param("lastEpoch", Math.max(seenEpoch, identity.lastEpoch()))
                .param("tailLost", identity.tailLost() && seenEpoch == 0)
                .param("ttl", ttlSeconds)
                .query((row, _) -> row.getLong(1))
                .optional();
    }

    /**
     * Says how much of the metadata's history the broker has seen: PostgreSQL may have lost some of it. To be called once on each connection,
     * for a server that was started anew has none of before.
     */
    void present(Knowledge knowledge) {
        sql.sql("""
                with presented as (
                    select metadata.present(:clusterId, :incarnation, cast(:run as uuid), :version) as contradicts
                )
                update metadata.broker
                set presented_to = pg_postmaster_start_time()
                where id = :id and (select contradicts is not null from presented)
                """)
                .param("clusterId", knowledge.clusterId())
                .param("incarnation", knowledge.incarnation())
                .param("run", knowledge.run())
                .param("version", knowledge.version())
                .param("id", identity.id())
                .update();
    }

    /**
     * Renews the lease, also one that ran out while no other incarnation registered: the controller then lets the broker lead again.
     *
     * @return false if another incarnation has registered since, or the broker was removed
     */
    boolean renew(long epoch) {
        return 1 == sql.sql("""
                update metadata.broker
                set lease_expires_at = clock_timestamp() + make_interval(secs => :ttl)
                where id = :id and epoch = :epoch and incarnation = :incarnation and not removed
                """)
                .param("ttl", ttlSeconds)
                .param("id", identity.id())
                .param("epoch", epoch)
                .param("incarnation", incarnation)
                .update();
    }

    /** Whether this incarnation was taken out of the cluster. */
    boolean isRemoved() {
        return sql.sql("""
                select exists (select from metadata.broker where id = :id and incarnation = :incarnation and removed)
                """).param("id", identity.id()).param("incarnation", incarnation).query(Boolean.class).single();
    }

    /** Tells the controller that this broker may lead. */
    void ready(long epoch) {
        change(epoch, "ready = true");
    }

    /** Asks the controller to hand over what this broker leads. */
    void leave(long epoch) {
        change(epoch, "leaving = true");
    }

    /** Ends the lease now; the controller need not wait for it to run out. */
    void deregister(long epoch) {
        change(epoch, "ready = false, fenced = true, lease_expires_at = clock_timestamp()");
    }

    private void change(long epoch, String assignments) {
        sql.sql("""
                with next as (
                    update metadata.cluster set version = version + 1 returning version
                ), changed as (
                    update metadata.broker b
                    set %s, version = next.version
                    from next
                    where b.id = :id and b.epoch = :epoch and b.incarnation = :incarnation and not b.removed
                    returning b.id
                )
                select id, pg_notify('%s', '') from changed
                """.formatted(assignments, MetadataTransaction.CHANNEL))
                .param("id", identity.id())
                .param("epoch", epoch)
                .param("incarnation", incarnation)
                .query((row, _) -> row.getInt(1))
                .list();
    }

    /** Who has the id now, in words. */
    String holder() {
        return sql.sql("""
                select format('the broker at %s:%s with the data directory %s', host, kafka_port, directory_id)
                from metadata.broker
                where id = :id
                """)
                .param("id", identity.id())
                .query(String.class)
                .optional()
                .orElse("another broker");
    }
}
