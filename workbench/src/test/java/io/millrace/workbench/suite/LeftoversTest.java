package io.millrace.workbench.suite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A pid file that outlived its server points at whatever process has the pid now. */
@EnabledOnOs(OS.LINUX) // a copied system program does not run everywhere else
class LeftoversTest {
    @TempDir
    private Path directory;

    private SuiteDirectories directories;
    private Process server;

    @BeforeEach
    void a_suite_directory() throws IOException {
        directories = new SuiteDirectories(directory.resolve("data"));
        directories.create();
        Files.createDirectories(directories.postgres());
    }

    @AfterEach
    void the_server_ends() throws InterruptedException {
        server.destroyForcibly().waitFor();
    }

    @Test
    void a_server_on_our_directory_is_ended() throws Exception {
        start(directories.postgres());
        pidFile(Instant.now());
        assertThat(Leftovers.end(directories, line -> {})).isEqualTo(1);
        assertThat(server.isAlive()).isFalse();
    }

    @Test
    void somebody_elses_server_with_the_pid_of_ours_is_left_alone() throws Exception {
        start(Files.createDirectories(directory.resolve("theirs")));
        pidFile(Instant.now());
        assertThat(Leftovers.end(directories, line -> {})).isZero();
        assertThat(server.isAlive()).isTrue();
    }

    @Test
    void a_server_that_started_at_another_time_than_the_file_says_is_left_alone() throws Exception {
        start(directories.postgres());
        pidFile(Instant.now().minusSeconds(3_600));
        assertThat(Leftovers.end(directories, line -> {})).isZero();
        assertThat(server.isAlive()).isTrue();
    }

    /**
     * The shell under the name of postgres; it takes what comes after its command as it is, and waits for input. As postgres, it ends when it is
     * interrupted, also where this build is a background job, whose children pass interrupts over.
     */
    private void start(Path dataDirectory) throws IOException {
        Path program = directory.resolve("postgres");
        Files.copy(Path.of("/bin/sh").toRealPath(), program);
        server = new ProcessBuilder("env", "--default-signal=INT", program.toString(), "-c",
                "trap exit INT TERM; read line", "-D", dataDirectory
                        .toString()).start();
        await().until(() -> server.info().command().filter(program.toString()::equals).isPresent());
    }

    private void pidFile(Instant started) throws IOException {
        Files.write(directories.postgres().resolve("postmaster.pid"), List.of(Long.toString(server.pid()),
                directories.postgres().toString(), Long.toString(started.getEpochSecond()), "5432", "", "127.0.0.1"));
    }
}
