package io.millrace.common.lease;

import io.millrace.common.metadata.CoordinatorNode;
import io.millrace.common.metadata.MetadataTransaction;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;

/**
 * The named leases in PostgreSQL, for one holder over one connection. Each call is one statement, and only PostgreSQL's clock counts.
 *
 * <p>Locks are taken in the order: cluster, then leases by name; so no two of these statements, nor a {@link MetadataTransaction}, can
 * wait for each other.
 */
final class LeaseStore {
    private final Connection connection;
    private final JdbcClient sql;
    private final String holder;
    private final LeaseHolder self;
    private final Duration ttl;

    LeaseStore(Connection connection, LeaseHolder self, Duration ttl) {
        this.connection = connection;
        this.sql = JdbcClient.create(new SingleConnectionDataSource(connection, true));
        this.self = self;
        this.holder = self.id();
        this.ttl = ttl;
    }

    /**
     * Renews leases by name and epoch, and says that this holder lives and competes. A lease that ran out but that nobody else took is
     * renewed too: its epoch still fences all others.
     *
     * @param names of all leases that this holder competes for
     */
    LeaseView renew(Map<String, Long> held, Collection<String> names) throws SQLException {
        var renewed = new HashMap<String, Long>();
        var others = new HashMap<String, String>();
        var candidates = new HashSet<String>();
        var untilExpiryMs = new AtomicLong(Long.MAX_VALUE);
        sql.sql("""
                with mine as (
                    select l.name
                    from metadata.lease l
                    join unnest(:heldNames, :heldEpochs) held(name, epoch) on held.name = l.name and held.epoch = l.epoch
                    where l.holder = :holder
                    order by l.name
                    for update of l
                ), renewed as (
                    update metadata.lease l
                    set expires_at = clock_timestamp() + make_interval(secs => :ttl)
                    from mine
                    where l.name = mine.name
                    returning l.name, l.epoch
                ), present as (
                    insert into metadata.lease_candidate (holder, expires_at)
                    values (:holder, clock_timestamp() + make_interval(secs => :ttl))
                    on conflict (holder) do update set expires_at = excluded.expires_at
                ), forgotten as (
                    delete from metadata.lease_candidate
                    where holder <> :holder and expires_at < clock_timestamp() - interval '1 minute'
                )
                select name, epoch, null as holder, null as runs_ms
                from renewed
                union all
                select name, null, holder, extract(epoch from expires_at - clock_timestamp()) * 1000
                from metadata.lease
                where name = any(:names) and holder not in ('', :holder) and expires_at > clock_timestamp()
                union all
                select null, null, holder, extract(epoch from expires_at - clock_timestamp()) * 1000
                from metadata.lease_candidate
                where holder <> :holder and expires_at > clock_timestamp()
                """)
                .param("holder", holder)
                .param("ttl", ttlSeconds())
                .param("heldNames", connection.createArrayOf("text", held.keySet().toArray(String[]::new)), Types.ARRAY)
                .param("heldEpochs", connection.createArrayOf("bigint", held.values().toArray(Long[]::new)),
                        Types.ARRAY)
                .param("names", connection.createArrayOf("text", names.toArray(String[]::new)), Types.ARRAY)
                .query(row -> {
                    String name = row.getString(1);
                    String other = row.getString(3);
                    if (other == null) {
                        renewed.put(name, row.getLong(2));
                        return;
                    }
                    if (name == null) {
                        candidates.add(other);
                    } else {
                        others.put(name, other);
                    }
                    long runsMs = (long) Math.ceil(row.getDouble(4));
                    untilExpiryMs.accumulateAndGet(runsMs, Math::min);
                });
        return new LeaseView(renewed, others, candidates, untilExpiryMs.get());
    }

    /** This holder competes no more. */
    void withdraw() {
        sql.sql("delete from metadata.lease_candidate where holder = :holder").param("holder", holder).update();
    }

    /**
     * Takes those of the leases that have run out or were given back. One that this holder itself still has is taken again under a new
     * epoch: it asks only when it has lost its trust in the old one.
     *
     * @return those taken, with their new epochs
     */
    Map<String, Long> acquire(Collection<String> wanted) throws SQLException {
        CoordinatorNode kafka = self.kafka();
        return epochsByName("""
                with free as (
                    select wanted.name
                    from unnest(:names) wanted(name)
                    left join metadata.lease l on l.name = wanted.name
                    where l.name is null or l.holder in ('', :holder) or l.expires_at <= clock_timestamp()
                ), next as (
                    update metadata.cluster set version = version + 1 where exists (select from free) returning version
                ), taken as (
                    insert into metadata.lease as l (name, holder, base_url, kafka_host, kafka_port, epoch, expires_at, version)
                    select free.name, :holder, :baseUrl, :kafkaHost, :kafkaPort, 1,
                        clock_timestamp() + make_interval(secs => :ttl), next.version
                    from free cross join next
                    order by free.name
                    on conflict (name) do update
                    set holder = excluded.holder,
                        base_url = excluded.base_url,
                        kafka_host = excluded.kafka_host,
                        kafka_port = excluded.kafka_port,
                        epoch = l.epoch + 1,
                        expires_at = clock_timestamp() + make_interval(secs => :ttl),
                        version = excluded.version
                    where l.holder in ('', excluded.holder) or l.expires_at <= clock_timestamp()
                    returning name, epoch
                )
                select name, epoch, pg_notify('%s', '') from taken
                """.formatted(MetadataTransaction.CHANNEL), sql -> sql
                .param("names", connection.createArrayOf("text", wanted.toArray(String[]::new)), Types.ARRAY)
                .param("baseUrl", self.baseUrl())
                .param("kafkaHost", kafka == null ? null : kafka.host(), Types.VARCHAR)
                .param("kafkaPort", kafka == null ? null : kafka.port(), Types.INTEGER));
    }

    /** Gives leases back, so that another can take them at once. */
    void release(Collection<String> names) throws SQLException {
        epochsByName("""
                with next as (
                    update metadata.cluster set version = version + 1
                    where exists (select from metadata.lease where name = any(:names) and holder = :holder)
                    returning version
                ), freed as (
                    update metadata.lease l
                    set holder = '', base_url = '', kafka_host = null, kafka_port = null, expires_at = clock_timestamp(), version = next.version
                    from next
                    where l.name = any(:names) and l.holder = :holder
                    returning l.name, l.epoch
                )
                select name, epoch, pg_notify('%s', '') from freed
                """.formatted(MetadataTransaction.CHANNEL), sql -> sql
                .param("names", connection.createArrayOf("text", names.toArray(String[]::new)), Types.ARRAY));
    }

    private double ttlSeconds() {
        return ttl.toMillis() / 1000.0;
    }

    @FunctionalInterface
    private interface Parameters {
        JdbcClient.StatementSpec bind(JdbcClient.StatementSpec statement) throws SQLException;
    }

    private Map<String, Long> epochsByName(String text, Parameters parameters) throws SQLException {
        var epochs = new HashMap<String, Long>();
        var statement = sql.sql(text).param("holder", holder).param("ttl", ttlSeconds());
        parameters.bind(statement).query(row -> {
            epochs.put(row.getString(1), row.getLong(2));
        });
        return epochs;
    }
}
