package io.millrace.common.database;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import java.util.stream.Collectors;
import org.apache.kafka.common.Uuid;

/** How ids and lists are given to PostgreSQL and read from it. Lists are bound as arrays: text that is put together by hand breaks at names. */
public final class SqlValues {
    private SqlValues() {}

    public static UUID uuid(Uuid id) {
        return new UUID(id.getMostSignificantBits(), id.getLeastSignificantBits());
    }

    public static Uuid uuid(UUID id) {
        return new Uuid(id.getMostSignificantBits(), id.getLeastSignificantBits());
    }

    public static Uuid uuid(ResultSet row, int column) throws SQLException {
        return uuid(row.getObject(column, UUID.class));
    }

    /** To be cast to {@code uuid[]}, which the driver does not bind. */
    public static String[] uuids(Collection<Uuid> ids) {
        return ids.stream().map(id -> uuid(id).toString()).toArray(String[]::new);
    }

    public static String[] texts(Collection<String> values) {
        return values.toArray(String[]::new);
    }

    public static Integer[] integers(Collection<Integer> values) {
        return values.toArray(Integer[]::new);
    }

    public static List<Integer> integers(ResultSet row, int column) throws SQLException {
        return List.of((Integer[]) row.getArray(column).getArray());
    }

    /** Each is the text of an array, to be cast to {@code int[]}: PostgreSQL has no array of arrays of different lengths. */
    public static String[] integerLists(Collection<List<Integer>> lists) {
        return lists.stream().map(list -> list.stream().map(String::valueOf).collect(Collectors.joining(",", "{", "}")))
                .toArray(String[]::new);
    }
}
