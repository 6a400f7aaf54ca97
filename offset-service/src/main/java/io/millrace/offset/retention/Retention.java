package io.millrace.offset.retention;

import io.millrace.offset.meters.OffsetMeters;
import java.util.List;
import java.util.function.IntSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * One look for offsets to forget, as KIP-211: those of a group that has had no members for the retention time, counted from the later of
 * its last member and the commit. Membership has no history, so each look notes which groups have members now
 * ({@code offsets.group_seen}); "its last member" is therefore known up to the interval between two looks.
 */
@Component
final class Retention {
    private static final Logger LOG = LoggerFactory.getLogger(Retention.class);

    private static final String TRY_LOCK = """
            select pg_try_advisory_xact_lock(hashtextextended('millrace.offsets.retention', 0))
            """;

    private static final String NOTE_GROUPS_WITH_MEMBERS = """
            insert into offsets.group_seen (group_id, with_members_at)
            select joined.group_id, clock_timestamp()
            from (select distinct group_id from groups.member) as joined
            where exists (select from offsets.committed where committed.group_id = joined.group_id)
            order by joined.group_id
            on conflict (group_id) do update set with_members_at = excluded.with_members_at
            """;

    private static final String DUE_GROUPS = """
            select distinct due.group_id
            from (
                select committed.group_id
                from offsets.committed
                    left join offsets.group_seen on group_seen.group_id = committed.group_id
                where committed.committed_at < clock_timestamp() - make_interval(secs => :retentionSeconds)
                    and (group_seen.with_members_at is null
                        or group_seen.with_members_at < clock_timestamp() - make_interval(secs => :retentionSeconds))
                    and not exists (select from groups.member where member.group_id = committed.group_id)
                order by committed.committed_at
                limit :rows
            ) as due
            order by due.group_id
            """;

    private static final String LOCK_GROUPS = """
            select group_id
            from groups.consumer_group
            where group_id = any(:groups::text[])
            order by group_id
            for update
            """;

    /** A commit that came meanwhile has moved committed_at, which is looked at again once the row's lock is got. */
    private static final String EXPIRE = """
            delete from offsets.committed
            where (group_id, topic_id, partition) in (
                    select committed.group_id, committed.topic_id, committed.partition
                    from offsets.committed
                    where committed.group_id = any(:groups::text[])
                        and committed.committed_at < clock_timestamp() - make_interval(secs => :retentionSeconds)
                        and not exists (select from groups.member where member.group_id = committed.group_id)
                    limit :rows)
                and committed_at < clock_timestamp() - make_interval(secs => :retentionSeconds)
            """;

    private static final String REMOVE_ORPHANS = """
            delete from offsets.committed
            where (group_id, topic_id, partition) in (
                select committed.group_id, committed.topic_id, committed.partition
                from offsets.committed
                where not exists (select from metadata.topic where topic.id = committed.topic_id)
                limit :rows)
            """;

    private static final String FORGET_GROUPS_SEEN = """
            delete from offsets.group_seen
            where not exists (select from offsets.committed where committed.group_id = group_seen.group_id)
            """;

    private final JdbcClient jdbc;
    private final TransactionTemplate transaction;
    private final RetentionSettings settings;
    private final OffsetMeters meters;

    Retention(JdbcClient jdbc, TransactionTemplate transaction, RetentionSettings settings, OffsetMeters meters) {
        this.jdbc = jdbc;
        this.transaction = transaction;
        this.settings = settings;
        this.meters = meters;
    }

    /** Does nothing while another service is at it. */
    void look() {
        if (alone(() -> jdbc.sql(NOTE_GROUPS_WITH_MEMBERS).update()) == OTHER_IS_AT_IT) {
            return;
        }
        int expired = inBatches(this::expireBatch);
        int orphans = inBatches(() -> jdbc.sql(REMOVE_ORPHANS).param("rows", settings.batchRows()).update());
        alone(() -> jdbc.sql(FORGET_GROUPS_SEEN).update());
        meters.offsetsExpired(expired);
        meters.orphansRemoved(orphans);
        if (expired + orphans > 0) {
            LOG.info("Forgot {} offsets of groups without members for {} and {} of deleted topics", expired,
                    settings.offsetsRetention(), orphans);
        }
    }

    private int expireBatch() {
        double retentionSeconds = settings.offsetsRetention().toMillis() / 1000.0;
        List<String> groups = jdbc.sql(DUE_GROUPS)
                .param("retentionSeconds", retentionSeconds)
                .param("rows", settings.batchRows())
                .query(String.class)
                .list();
        if (groups.isEmpty()) {
            return 0;
        }
        String[] ids = groups.toArray(String[]::new);
        // A join waits for these rows, and the next statement sees every join that was before.
        jdbc.sql(LOCK_GROUPS).param("groups", ids).query(String.class).list();
        return jdbc.sql(EXPIRE)
                .param("groups", ids)
                .param("retentionSeconds", retentionSeconds)
                .param("rows", settings.batchRows())
                .update();
    }

    private int inBatches(IntSupplier batch) {
        int total = 0;
        for (int i = 0; i < settings.passBatches(); i++) {
            int rows = alone(batch);
            if (rows <= 0) {
                break;
            }
            total += rows;
        }
        return total;
    }

    private static final int OTHER_IS_AT_IT = -1;

    private int alone(IntSupplier statements) {
        return transaction.execute(_ -> jdbc.sql(TRY_LOCK).query(Boolean.class).single()
                ? statements.getAsInt()
                : OTHER_IS_AT_IT);
    }
}
