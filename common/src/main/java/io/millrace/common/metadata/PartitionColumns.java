package io.millrace.common.metadata;

import io.millrace.common.database.SqlValues;
import java.sql.ResultSet;
import java.sql.SQLException;

/** The columns of {@code metadata.partition}, which is to be named {@code p}, and what they make. */
public final class PartitionColumns {
    /** The topic's id first. */
    public static final String ALL = """
            p.topic_id, p.index, p.replicas, p.isr, coalesce(p.leader, -1), p.leader_epoch, p.partition_epoch, p.elr,
                coalesce(p.last_leader, p.leader, -1), p.adding, p.removing, p.recovering
            """;
    /** The column that comes after them in a query that begins with them. */
    public static final int NEXT = 13;

    private PartitionColumns() {}

    /** Of a row that begins with them. */
    public static PartitionImage read(ResultSet row) throws SQLException {
        return new PartitionImage(
                row.getInt(2),
                SqlValues.integers(row, 3),
                SqlValues.integers(row, 4),
                row.getInt(5),
                row.getInt(6),
                row.getInt(7),
                SqlValues.integers(row, 8),
                row.getInt(9),
                SqlValues.integers(row, 10),
                SqlValues.integers(row, 11),
                row.getBoolean(12));
    }
}
