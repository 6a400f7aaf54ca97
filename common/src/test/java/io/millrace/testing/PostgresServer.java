package io.millrace.testing;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.flywaydb.core.Flyway;
import org.testcontainers.postgresql.PostgreSQLContainer;

/**
 * The one PostgreSQL of this JVM: a container when a Docker engine answers, an embedded server otherwise. It holds a migrated template
 * database, so that a fresh one for a test is a copy of files.
 */
record PostgresServer(String host, int port, String user, String password) {
    private static final Duration DOCKER_ANSWERS_WITHIN = Duration.ofMillis(500);
    private static final Path DOCKER_SOCKET = Path.of("/var/run/docker.sock");
    private static final String IMAGE = "postgres:18-alpine";
    private static final String TEMPLATE = "millrace_template";
    private static final AtomicInteger DATABASES = new AtomicInteger();

    private static final class Shared {
        static final PostgresServer SERVER = launch();
    }

    static PostgresServer shared() {
        return Shared.SERVER;
    }

    private static PostgresServer launch() {
        var server = dockerAnswers() ? launchContainer() : launchEmbedded();
        server.execute("create database " + TEMPLATE);
        Flyway.configure(PostgresServer.class.getClassLoader())
                .dataSource(server.jdbcUrl(server.port, TEMPLATE), server.user, server.password)
                .load()
                .migrate();
        return server;
    }

    /** Ended by Testcontainers' own reaper, together with this JVM. */
    @SuppressWarnings("resource")
    private static PostgresServer launchContainer() {
        var container = new PostgreSQLContainer(IMAGE).withCommand("postgres", "-c", "fsync=off", "-c",
                "max_connections=200");
        container.start();
        return new PostgresServer(
                container.getHost(),
                container.getMappedPort(PostgreSQLContainer.POSTGRESQL_PORT),
                container.getUsername(),
                container.getPassword());
    }

    /** Ended by its own shutdown hook. */
    @SuppressWarnings("resource")
    private static PostgresServer launchEmbedded() {
        try {
            var embedded = EmbeddedPostgres.builder()
                    .setServerConfig("fsync", "off")
                    .setServerConfig("max_connections", "200")
                    .setErrorRedirector(Redirect.DISCARD)
                    .setOutputRedirector(Redirect.DISCARD)
                    .start();
            return new PostgresServer("127.0.0.1", embedded.getPort(), "postgres", "postgres");
        } catch (IOException e) {
            throw new UncheckedIOException("The embedded PostgreSQL did not start", e);
        }
    }

    /** The name of a new database with every migration applied. */
    String createDatabase() {
        String name = "test_" + ProcessHandle.current().pid() + "_" + DATABASES.incrementAndGet();
        execute("create database " + name + " template " + TEMPLATE);
        return name;
    }

    void dropDatabase(String name) {
        execute("drop database if exists " + name + " with (force)");
    }

    String jdbcUrl(int throughPort, String database) {
        return "jdbc:postgresql://" + (throughPort == port ? host : "127.0.0.1") + ":" + throughPort + "/" + database;
    }

    private void execute(String sql) {
        try (Connection connection = DriverManager.getConnection(jdbcUrl(port, "postgres"), user, password);
                var statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new IllegalStateException(sql, e);
        }
    }

    /** Asks the engine itself, briefly: Testcontainers would search long and loudly for one that is not there. */
    private static boolean dockerAnswers() {
        String configured = System.getenv("DOCKER_HOST");
        SocketAddress address;
        if (configured != null && configured.startsWith("tcp://")) {
            String[] hostAndPort = configured.substring("tcp://".length()).split(":", 2);
            address = new InetSocketAddress(hostAndPort[0], hostAndPort.length == 2 ? Integer.parseInt(hostAndPort[1])
                    : 2375);
        } else {
            Path socket = configured != null && configured.startsWith("unix://")
                    ? Path.of(configured.substring("unix://".length()))
                    : DOCKER_SOCKET;
            if (!Files.exists(socket)) {
                return false;
            }
            address = UnixDomainSocketAddress.of(socket);
        }
        return pingSucceeds(address);
    }

    private static boolean pingSucceeds(SocketAddress address) {
        long deadlineNanos = System.nanoTime() + DOCKER_ANSWERS_WITHIN.toNanos();
        try (var channel = address instanceof UnixDomainSocketAddress
                ? SocketChannel.open(java.net.StandardProtocolFamily.UNIX)
                : SocketChannel.open();
                var selector = Selector.open()) {
            channel.configureBlocking(false);
            if (!channel.connect(address)) {
                channel.register(selector, SelectionKey.OP_CONNECT);
                if (!becomesReady(selector, deadlineNanos) || !channel.finishConnect()) {
                    return false;
                }
            }
            channel.write(ByteBuffer.wrap("GET /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n"
                    .getBytes(StandardCharsets.US_ASCII)));
            channel.register(selector, SelectionKey.OP_READ);
            var answer = ByteBuffer.allocate("HTTP/1.1 200".length());
            while (answer.hasRemaining()) {
                if (!becomesReady(selector, deadlineNanos) || channel.read(answer) < 0) {
                    return false;
                }
                selector.selectedKeys().clear();
            }
            return new String(answer.array(), StandardCharsets.US_ASCII).endsWith(" 200");
        } catch (IOException e) {
            return false;
        }
    }

    private static boolean becomesReady(Selector selector, long deadlineNanos) throws IOException {
        long leftMs = (deadlineNanos - System.nanoTime()) / 1_000_000;
        return leftMs > 0 && selector.select(leftMs) > 0;
    }
}
