package io.millrace.workbench.suite;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a supervisor writes down of its suite, so that {@code status}, {@code down} and the next {@code up} find it.
 *
 * @param phase how far the suite is
 */
public record RunState(ProcessIdentity supervisor, Phase phase, List<Entry> processes) {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    /** How far a suite is: {@code STARTING → READY → STOPPING}. */
    public enum Phase {
        STARTING, READY, STOPPING
    }

    /**
     * One process of the suite.
     *
     * @param http      base URL, or null
     * @param kafka     host and port of its Kafka listener, or null
     * @param readiness the URL that answers 200 when it is ready; null for PostgreSQL, which says so in its pid file
     */
    public record Entry(
            String name,
            ProcessIdentity process,
            @Nullable String http,
            @Nullable String kafka,
            @Nullable String readiness) {}

    /** The state of the suite in this directory, if one was ever written and is readable. */
    public static Optional<RunState> read(SuiteDirectories directories) {
        Path file = directories.stateFile();
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        try {
            return Optional.of(JSON.readValue(Files.readAllBytes(file), RunState.class));
        } catch (IOException | JacksonException e) {
            return Optional.empty(); // written atomically, so only another hand can have spoilt it: the same as none
        }
    }

    void write(SuiteDirectories directories) throws IOException {
        Path file = directories.stateFile();
        Path written = file.resolveSibling(file.getFileName() + ".new");
        Files.write(written, JSON.writeValueAsBytes(this));
        Files.move(written, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
