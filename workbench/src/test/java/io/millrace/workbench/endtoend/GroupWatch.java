package io.millrace.workbench.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.workbench.suite.Suite;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Looks many times a second at what PostgreSQL holds of a group, from the side: its epochs and assignment, which are to stay as they are,
 * and its committed offsets, which are to go forward only and never to fall behind what a client was told.
 */
final class GroupWatch implements AutoCloseable {
    private static final int LOOK_MS = 20;
    private static final String MEMBERSHIP = """
            select 'epoch ' || g.epoch
                || (select coalesce(string_agg(' ' || member_id || '@' || epoch || ' ' || state, ',' order by member_id), '')
                    from groups.member where group_id = g.group_id)
                || (select coalesce(string_agg(' ' || partition || '>' || owner_member || '/' || target_member, ',' order by partition), '')
                    from groups.assignment where group_id = g.group_id)
            from groups.consumer_group g
            where group_id = '%s'
            """;
    private static final String COMMITTED = "select partition, next_offset from offsets.committed where group_id = '%s'";
    private static final String HOLDERS = """
            select name, base_url from metadata.lease
            where expires_at > clock_timestamp() and (name like 'shard-%' or name = 'controller')
            """;
    private static final String SHARD = "select 'shard-' || shard from groups.consumer_group where group_id = '%s'";

    private final Connection connection;
    private final String group;
    private final ScheduledExecutorService looks = Executors.newSingleThreadScheduledExecutor();
    private final Map<Integer, Long> acknowledged = new HashMap<>();
    private Map<Integer, Long> committed = Map.of();
    private @Nullable String steady;
    private @Nullable Throwable failure;
    private int looked;

    GroupWatch(Suite suite, String group) throws SQLException {
        connection = DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + suite.settings().ports().postgres()
                + "/millrace", "millrace", "millrace");
        this.group = group;
    }

    /** Base URLs of who holds what, of the leases that run. */
    synchronized Map<String, String> holders() throws SQLException {
        Map<String, String> holders = new HashMap<>();
        read(HOLDERS, rows -> holders.put(rows.getString(1), rows.getString(2)));
        return holders;
    }

    /** Who holds the group's shard; empty while nobody does. */
    synchronized String holder() throws SQLException {
        Map<String, String> shard = new HashMap<>();
        read(SHARD.formatted(group), rows -> shard.put("name", rows.getString(1)));
        return holders().getOrDefault(shard.getOrDefault("name", ""), "");
    }

    synchronized String membership() throws SQLException {
        var text = new StringBuilder();
        read(MEMBERSHIP.formatted(group), rows -> text.append(rows.getString(1)));
        return text.toString();
    }

    synchronized Map<Integer, Long> committed() throws SQLException {
        Map<Integer, Long> offsets = new HashMap<>();
        read(COMMITTED.formatted(group), rows -> offsets.put(rows.getInt(1), rows.getLong(2)));
        return offsets;
    }

    /** From now on the group is to stay as it is. */
    synchronized void start() throws SQLException {
        steady = membership();
        looks.scheduleWithFixedDelay(this::look, 0, LOOK_MS, TimeUnit.MILLISECONDS);
    }

    /** A client was told that this is committed. */
    synchronized void acknowledged(Map<Integer, Long> offsets) {
        offsets.forEach((partition, offset) -> acknowledged.merge(partition, offset, Math::max));
    }

    /** What a client was told to be committed when it asked for records, no lower than which it is to be given any. */
    synchronized Map<Integer, Long> acknowledged() {
        return Map.copyOf(acknowledged);
    }

    private synchronized void look() {
        if (failure != null) {
            return;
        }
        try {
            Map<Integer, Long> now = committed();
            committed.forEach((partition, before) -> assertThat(now.getOrDefault(partition, -1L))
                    .as("committed offset of partition %d", partition).isGreaterThanOrEqualTo(before));
            acknowledged.forEach((partition, told) -> assertThat(now.getOrDefault(partition, -1L))
                    .as("committed offset of partition %d against what was acknowledged", partition)
                    .isGreaterThanOrEqualTo(told));
            committed = now;
            assertThat(membership()).as("epochs and assignment").isEqualTo(steady);
            looked++;
        } catch (SQLException | AssertionError e) {
            failure = e;
        }
    }

    synchronized void assertNothingWrong() {
        assertThat(failure).isNull();
    }

    synchronized int looked() {
        return looked;
    }

    @FunctionalInterface
    private interface RowReader {
        void read(ResultSet rows) throws SQLException;
    }

    private void read(String sql, RowReader reader) throws SQLException {
        try (var statement = connection.createStatement(); var rows = statement.executeQuery(sql)) {
            while (rows.next()) {
                reader.read(rows);
            }
        }
    }

    @Override
    public void close() throws SQLException {
        looks.shutdownNow();
        synchronized (this) {
            connection.close();
        }
    }
}
