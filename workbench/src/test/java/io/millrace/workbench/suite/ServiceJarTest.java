package io.millrace.workbench.suite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServiceJarTest {
    @TempDir
    private Path directory;

    @Test
    void the_layout_of_a_launcher_that_was_faster_stays() throws IOException {
        Path layout = unpacked("layout", "theirs");
        ServiceJar.moveInPlace(unpacked("unfinished", "ours"), layout);
        assertThat(layout.resolve("app.jar")).hasContent("theirs");
    }

    @Test
    void a_layout_that_cannot_be_moved_is_an_error() {
        assertThatThrownBy(() -> ServiceJar.moveInPlace(directory.resolve("none"), directory.resolve("layout")))
                .isInstanceOf(IOException.class);
    }

    @Test
    void what_failed_to_train_three_times_is_not_tried_again() throws IOException {
        ServiceJar jar = new ServiceJar(directory, "app");
        jar.noteTrainingFailure("ended with status 1");
        jar.noteTrainingFailure("ended with status 1");
        assertThat(jar.isWorthTraining()).isTrue();
        jar.noteTrainingFailure("did not end within 180 s");
        assertThat(jar.isWorthTraining()).isFalse();
    }

    @Test
    void what_is_trained_is_not_trained_again() throws IOException {
        ServiceJar jar = new ServiceJar(directory, "app");
        assertThat(jar.isWorthTraining()).isTrue();
        Files.writeString(jar.aotCache(), "cache");
        assertThat(jar.isWorthTraining()).isFalse();
    }

    private Path unpacked(String name, String content) throws IOException {
        Path unpacked = Files.createDirectories(directory.resolve(name));
        Files.writeString(unpacked.resolve("app.jar"), content);
        return unpacked;
    }
}
