package io.millrace.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * A fresh database with every migration applied, for one test class:
 *
 * <pre>{@code
 * @AutoClose
 * static final TestPostgres POSTGRES = TestPostgres.create();
 * }</pre>
 *
 * <p>Connections go through a link of their own, so that a test can take PostgreSQL away ({@link #stop}, {@link #freeze}) and give it back
 * ({@link #start}) without harm to other tests of the same server.
 */
public final class TestPostgres implements AutoCloseable {
    private final PostgresServer server;
    private final String database;
    private final TcpLink link;

    private TestPostgres(PostgresServer server, String database, TcpLink link) {
        this.server = server;
        this.database = database;
        this.link = link;
    }

    public static TestPostgres create() {
        var server = PostgresServer.shared();
        try {
            return new TestPostgres(server, server.createDatabase(), new TcpLink(server.host(), server.port()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public String jdbcUrl() {
        return server.jdbcUrl(link.port(), database);
    }

    public String user() {
        return server.user();
    }

    public String password() {
        return server.password();
    }

    /** Opens a connection per use, through the link. */
    public DataSource dataSource() {
        return dataSource(jdbcUrl());
    }

    /** Past the link: works while PostgreSQL is away for the code under test. */
    public DataSource directDataSource() {
        return dataSource(server.jdbcUrl(server.port(), database));
    }

    /** Runs SQL past the link. */
    public JdbcClient direct() {
        return JdbcClient.create(directDataSource());
    }

    private DataSource dataSource(String url) {
        var dataSource = new PGSimpleDataSource();
        dataSource.setUrl(url);
        dataSource.setUser(user());
        dataSource.setPassword(password());
        return dataSource;
    }

    /** What a service's Spring context needs to use this database. */
    public Map<String, String> springProperties() {
        return Map.of(
                "spring.datasource.url", jdbcUrl(),
                "spring.datasource.username", user(),
                "spring.datasource.password", password());
    }

    /** As if the server had died: open connections break, new ones at once. */
    public void stop() {
        link.stop();
    }

    /** As if the network swallowed everything: connections stay open, nothing is answered. */
    public void freeze() {
        link.freeze();
    }

    /** Ends {@link #stop} or {@link #freeze}; the address stays the same. */
    public void start() {
        link.start();
    }

    @Override
    public void close() {
        link.close();
        server.dropDatabase(database);
    }
}
