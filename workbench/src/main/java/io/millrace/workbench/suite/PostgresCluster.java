package io.millrace.workbench.suite;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The embedded PostgreSQL: a persistent cluster in the suite's data directory, served by a process of its own.
 *
 * <p>The programs refuse to run as root. Started by root they run in a user namespace of their own ({@code unshare --user}), where they
 * are nobody, while their files stay root's.
 */
final class PostgresCluster {
    static final String NAME = "postgres";
    static final String DATABASE = "millrace";
    private static final Duration INIT_TIMEOUT = Duration.ofSeconds(60);
    private static final Duration STOP_PATIENCE = Duration.ofSeconds(20);
    /** postmaster.pid: pid, data directory, start time, port, socket directory, address, shared memory, status. */
    private static final int PID_LINE = 0;
    private static final int START_LINE = 2;
    private static final int STATUS_LINE = 7;
    /** The server takes its own start time, in whole seconds, a moment after the operating system took it. */
    private static final long START_TOLERANCE_MS = 15_000;

    private final SuiteDirectories directories;
    private final Path programs;
    private final int port;
    private final String user;
    private final String password;
    private final List<String> asNobody;

    PostgresCluster(SuiteDirectories directories, Path programs, int port, String user, String password) {
        this.directories = directories;
        this.programs = programs;
        this.port = port;
        this.user = user;
        this.password = password;
        this.asNobody = asNobody();
    }

    String url() {
        return "jdbc:postgresql://127.0.0.1:" + port + "/" + DATABASE;
    }

    /** Makes the cluster if there is none. It appears whole or not at all. */
    void initialise(Progress progress) throws IOException, InterruptedException {
        Path unfinished = directories.data().resolve("postgres.initialising");
        SuiteDirectories.deleteRecursively(unfinished);
        if (Files.isRegularFile(directories.postgres().resolve("PG_VERSION"))) {
            return;
        }
        progress.say("initialising PostgreSQL in " + directories.postgres());
        Path passwordFile = Files.createTempFile(directories.run(), "password", "");
        Path statements = Files.createTempFile(directories.run(), "statements", ".sql");
        try {
            Files.writeString(passwordFile, password);
            Files.writeString(statements, "create database " + DATABASE + "\n");
            run(List.of(program("initdb"), "--pgdata=" + unfinished, "--username=" + user, "--pwfile=" + passwordFile,
                    "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"), passwordFile);
            run(List.of(program("postgres"), "--single", "-D", unfinished.toString(), "postgres"), statements);
        } finally {
            Files.deleteIfExists(passwordFile);
            Files.deleteIfExists(statements);
        }
        Files.move(unfinished, directories.postgres(), StandardCopyOption.ATOMIC_MOVE);
    }

    ServiceSpec spec() {
        List<String> command = new ArrayList<>(asNobody);
        command.addAll(List.of(program("postgres"), "-D", directories.postgres().toString(), "-p",
                Integer.toString(port)));
        setting(command, "listen_addresses", "127.0.0.1");
        setting(command, "unix_socket_directories", "");
        setting(command, "max_connections", "200");
        setting(command, "shared_buffers", "64MB");
        setting(command, "max_wal_size", "256MB");
        setting(command, "log_checkpoints", "off");
        setting(command, "log_line_prefix", "%m [%p] %d ");
        return new ServiceSpec(NAME, List.copyOf(command), Map.of(), directories.log(NAME), directories.log(NAME),
                SuiteSettings.LOOPBACK, List.of(port), null, null, null, STOP_PATIENCE);
    }

    /** Whether the server in this directory takes connections; it says so itself in the last line of its pid file. */
    static boolean isReady(SuiteDirectories directories, long pid) {
        List<String> lines = pidFile(directories);
        return lines.size() > STATUS_LINE
                && lines.get(STATUS_LINE).strip().equals("ready")
                && lines.get(PID_LINE).strip().equals(Long.toString(pid));
    }

    /**
     * A server that an earlier run left on this directory, known only by its own pid file. A machine that went down leaves that file
     * behind, and its pid may be anybody's by now: the process must have been started on this directory, when the file says.
     */
    static Optional<ProcessHandle> leftBehind(SuiteDirectories directories) {
        List<String> lines = pidFile(directories);
        if (lines.size() <= START_LINE || !lines.get(PID_LINE).strip().matches("\\d{1,10}")
                || !lines.get(START_LINE).strip().matches("\\d{1,12}")) {
            return Optional.empty();
        }
        long startedAtMs = TimeUnit.SECONDS.toMillis(Long.parseLong(lines.get(START_LINE).strip()));
        return ProcessHandle.of(Long.parseLong(lines.get(PID_LINE).strip()))
                .filter(ProcessHandle::isAlive)
                .filter(process -> isServerOf(directories.postgres(), process.info()))
                .filter(process -> Math.abs(ProcessIdentity.of(process).startedAtMs()
                        - startedAtMs) <= START_TOLERANCE_MS);
    }

    private static boolean isServerOf(Path directory, ProcessHandle.Info info) {
        List<String> arguments = List.of(info.arguments().orElse(new String[0]));
        int option = arguments.indexOf("-D");
        return info.command().filter(command -> Path.of(command).endsWith("postgres")).isPresent()
                && option >= 0 && option + 1 < arguments.size()
                && isSame(directory, Path.of(arguments.get(option + 1)));
    }

    private static boolean isSame(Path directory, Path other) {
        try {
            return Files.isSameFile(directory, other);
        } catch (IOException e) {
            return false; // one of them is gone
        }
    }

    private static List<String> pidFile(SuiteDirectories directories) {
        try {
            return Files.readAllLines(directories.postgres().resolve("postmaster.pid"));
        } catch (IOException e) {
            return List.of(); // not running
        }
    }

    private void run(List<String> command, Path input) throws IOException, InterruptedException {
        List<String> whole = new ArrayList<>(asNobody);
        whole.addAll(command);
        Path log = directories.log(NAME);
        Files.writeString(log, "", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        if (Commands.run(whole, log, input, INIT_TIMEOUT) != 0) {
            throw new LaunchRefusedException("PostgreSQL could not be initialised:\n  "
                    + String.join("\n  ", LogTail.lastLines(log, 10)) + "\nlog: " + log);
        }
    }

    private String program(String name) {
        return programs.resolve(name).toString();
    }

    private static void setting(List<String> command, String name, String value) {
        command.add("-c");
        command.add(name + "=" + value);
    }

    private static List<String> asNobody() {
        if (!"root".equals(System.getProperty("user.name"))) {
            return List.of();
        }
        if (!Commands.isOnPath("unshare")) {
            throw new LaunchRefusedException(
                    "PostgreSQL does not run as root, and there is no unshare(1) to give it another user: run ./millrace as an "
                            + "ordinary user, or set MILLRACE_POSTGRES_URL to use a server of yours");
        }
        return List.of("unshare", "--user");
    }
}
