package io.millrace.workbench.failover;

import io.millrace.workbench.failover.Outcome.Figure;
import io.millrace.workbench.suite.Progress;
import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** What PostgreSQL does for a cluster that nobody uses. */
final class PostgresAtRest {
    private static final int FEW = 10;
    private static final int MANY = 1_000;
    /** What the creation of a topic sets in motion is over by then. */
    private static final Duration QUIET = Duration.ofSeconds(5);
    private static final Duration WINDOW = Duration.ofSeconds(20);

    /** pg_stat_database: what was done in all; each statement of the services at rest is a transaction of its own. */
    private record Totals(long transactions, long rowsRead, long rowsWritten) {}

    private PostgresAtRest() {}

    static Outcome run(SuiteCluster cluster, Progress progress) throws IOException, InterruptedException {
        List<Figure> figures = new ArrayList<>();
        for (int partitions : new int[]{FEW, MANY}) {
            progress.say(cluster.name() + ": " + Scenario.REST.label() + ", " + partitions + " partitions");
            Topic topic = Topic.create(cluster, "failover-rest-" + partitions, partitions);
            try {
                TimeUnit.NANOSECONDS.sleep(QUIET.toNanos());
                figures.addAll(sample(cluster, partitions));
            } catch (SQLException e) {
                throw new IOException("PostgreSQL does not tell what it does", e);
            } finally {
                topic.delete();
            }
        }
        return Outcome.ofFigures(Scenario.REST, cluster, figures);
    }

    private static List<Figure> sample(SuiteCluster cluster, int partitions) throws SQLException, InterruptedException {
        String url = "jdbc:postgresql://127.0.0.1:" + cluster.postgresPort() + "/millrace";
        try (Connection connection = DriverManager.getConnection(url, "millrace", "millrace")) {
            Totals before = totals(connection);
            long startedNanos = System.nanoTime();
            TimeUnit.NANOSECONDS.sleep(WINDOW.toNanos());
            Totals after = totals(connection);
            double seconds = (System.nanoTime() - startedNanos) / 1e9;
            String with = " with " + partitions + " partitions";
            return List.of(
                    rate("transactions" + with, (after.transactions() - before.transactions()) / seconds),
                    rate("rows read" + with, (after.rowsRead() - before.rowsRead()) / seconds),
                    rate("rows written" + with, (after.rowsWritten() - before.rowsWritten()) / seconds));
        }
    }

    private static Figure rate(String name, double perSecond) {
        return Figure.of(name, "1/s", List.of(perSecond), null);
    }

    private static Totals totals(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("""
                        select xact_commit + xact_rollback, tup_returned + tup_fetched,
                               tup_inserted + tup_updated + tup_deleted
                        from pg_stat_database where datname = current_database()
                        """)) {
            row.next();
            return new Totals(row.getLong(1), row.getLong(2), row.getLong(3));
        }
    }
}
