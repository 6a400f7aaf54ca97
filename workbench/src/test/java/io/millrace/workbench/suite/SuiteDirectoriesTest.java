package io.millrace.workbench.suite;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SuiteDirectoriesTest {
    @TempDir
    private Path data;

    @Test
    void the_brokers_directories_tell_which_have_data() throws IOException {
        SuiteDirectories directories = new SuiteDirectories(data);
        assertThat(directories.brokersWithData()).isEmpty();
        Files.createDirectories(directories.broker(0));
        Files.createDirectories(directories.broker(2));
        Files.createDirectories(data.resolve("broker-x"));
        assertThat(directories.brokersWithData()).containsExactly(0, 2);
    }

    @Test
    void a_broker_that_is_put_aside_counts_no_more_and_may_come_again() throws IOException {
        SuiteDirectories directories = new SuiteDirectories(data);
        Files.createDirectories(directories.broker(0));
        for (int time = 0; time < 2; time++) {
            Files.createDirectories(directories.broker(1));
            directories.putAsideBroker(1);
            assertThat(directories.brokersWithData()).containsExactly(0);
        }
        assertThat(data.resolve("removed-broker-1.1")).isDirectory();
        assertThat(data.resolve("removed-broker-1.2")).isDirectory();
    }

    @Test
    void the_last_lines_of_a_log_are_read() throws IOException {
        Path log = data.resolve("a.log");
        Files.writeString(log, "one\ntwo\nthree\n");
        assertThat(LogTail.lastLines(log, 2)).containsExactly("two", "three");
        assertThat(LogTail.lastLines(log, 9)).containsExactly("one", "two", "three");
        assertThat(LogTail.lastLines(data.resolve("none.log"), 2)).isEqualTo(List.of());
    }
}
