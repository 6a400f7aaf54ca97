package io.millrace.common.database;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Properties;

/** Opens connections outside the pool: for work that keeps one for itself and must not wait behind other work, nor hold it up. */
public record PostgresConnections(String jdbcUrl, String user, String password) {

    /**
     * @param name    seen in {@code pg_stat_activity}
     * @param timeout of connecting, of each statement, and of the network while one runs; the latter and the first are rounded up to seconds
     */
    public Connection open(String name, Duration timeout) throws SQLException {
        return DriverManager.getConnection(jdbcUrl, properties(name, timeout));
    }

    Properties properties(String name, Duration timeout) {
        String seconds = Long.toString(Math.max(1, timeout.plusMillis(999).toSeconds()));
        var properties = new Properties();
        properties.setProperty("user", user);
        properties.setProperty("password", password);
        properties.setProperty("ApplicationName", name);
        properties.setProperty("connectTimeout", seconds);
        properties.setProperty("loginTimeout", seconds);
        properties.setProperty("socketTimeout", seconds);
        properties.setProperty("tcpKeepAlive", "true");
        properties.setProperty("options", "-c statement_timeout=" + timeout.toMillis());
        return properties;
    }

    @Override
    public String toString() {
        return jdbcUrl + " as " + user;
    }
}
