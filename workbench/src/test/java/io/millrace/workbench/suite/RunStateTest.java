package io.millrace.workbench.suite;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunStateTest {
    @TempDir
    private Path data;

    @Test
    void what_was_written_is_read() throws IOException {
        SuiteDirectories directories = new SuiteDirectories(data);
        directories.create();
        RunState state = new RunState(new ProcessIdentity(1, 2), RunState.Phase.READY,
                List.of(new RunState.Entry("postgres", new ProcessIdentity(3, 4), null, null, null),
                        new RunState.Entry("broker-0", new ProcessIdentity(5, 6), "http://127.0.0.1:8190",
                                "127.0.0.1:9092", "http://127.0.0.1:8190/actuator/health/readiness")));
        state.write(directories);
        assertThat(RunState.read(directories)).contains(state);
    }

    @Test
    void a_spoilt_state_is_no_state() throws IOException {
        SuiteDirectories directories = new SuiteDirectories(data);
        directories.create();
        Files.writeString(directories.stateFile(), "{\"supervisor\":{\"pid\":");
        assertThat(RunState.read(directories)).isEmpty();
    }

    @Test
    void a_directory_without_a_suite_has_none() {
        assertThat(RunState.read(new SuiteDirectories(data.resolve("nowhere")))).isEmpty();
    }
}
