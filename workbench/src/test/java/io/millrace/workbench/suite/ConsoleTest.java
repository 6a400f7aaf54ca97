package io.millrace.workbench.suite;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConsoleTest {
    @TempDir
    private Path directory;

    @Test
    void a_writer_goes_on_in_the_file_that_began_anew_beside_one_older() throws Exception {
        Path console = directory.resolve("postgres.log");
        try (BufferedWriter writer = Files.newBufferedWriter(console, StandardOpenOption.CREATE,
                StandardOpenOption.APPEND)) {
            writer.write("before");
            writer.flush();
            Console.bound(console, 3);
            writer.write("after");
        }
        assertThat(console).hasContent("after");
        assertThat(directory.resolve("postgres.log.1")).hasContent("before");
    }

    @Test
    void a_short_file_is_left_as_it_is() throws Exception {
        Path console = Files.writeString(directory.resolve("gateway.console"), "short");
        Console.bound(console, 5);
        assertThat(console).hasContent("short");
        assertThat(directory.resolve("gateway.console.1")).doesNotExist();
    }
}
