package io.millrace.workbench.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class DockerfileTest {
    private final Dockerfile file = Dockerfile.read();

    @Test
    void the_build_makes_every_service() {
        var modules = Pattern.compile("-pl (\\S+)").matcher(String.join("\n", file.instructions()));
        assertThat(modules.find()).isTrue();
        assertThat(modules.group(1).split(",")).containsExactlyInAnyOrderElementsOf(Repository.serviceModules());
    }

    @Test
    void every_stage_is_copied_from_or_built_on_an_earlier_one() {
        var earlier = new HashSet<String>();
        for (var stage : file.stages()) {
            if (!stage.image().contains(":")) {
                assertThat(earlier).contains(stage.image());
            }
            stage.instructions().stream()
                    .filter(instruction -> instruction.startsWith("COPY --from="))
                    .map(instruction -> instruction.substring("COPY --from=".length(), instruction.indexOf(' ', 6)))
                    .forEach(name -> assertThat(earlier).contains(name));
            earlier.add(stage.name());
        }
    }

    @Test
    void images_have_the_java_version_that_the_build_asks_for() {
        var version = Pattern.compile("<java.version>(\\d+)</java.version>").matcher(Repository.read("pom.xml"));
        assertThat(version.find()).isTrue();
        assertThat(file.stages().getFirst().image()).endsWith("temurin-" + version.group(1));
        assertThat(file.stages().getLast().image()).isEqualTo("eclipse-temurin:" + version.group(1) + "-jre");
    }

    @Test
    void the_service_is_chosen_by_an_argument_after_the_stage_that_all_share() {
        var stages = file.stages();
        assertThat(stages.getFirst().instructions()).noneMatch(instruction -> instruction.startsWith("ARG"));
        assertThat(stages.get(1).instructions()).contains("ARG SERVICE");
        assertThat(stages.getLast().instructions()).noneMatch(instruction -> instruction.contains("SERVICE"));
    }

    @Test
    void the_image_runs_java_itself_as_a_user_with_a_number_that_owns_the_data_directory() {
        var instructions = file.stages().getLast().instructions();
        assertThat(file.user()).matches("[1-9][0-9]{4,}:[1-9][0-9]{4,}");
        assertThat(instructions).anyMatch(instruction -> instruction.startsWith("RUN")
                && instruction.contains("chown " + file.user() + " " + Dockerfile.DATA_DIRECTORY));
        assertThat(instructions.getLast()).startsWith("ENTRYPOINT [\"java\", ").endsWith("\"-jar\", \"app.jar\"]");
        assertThat(instructions).noneMatch(instruction -> instruction.startsWith("HEALTHCHECK"));
    }

    @Test
    void nothing_that_the_build_reads_is_ignored() {
        List<String> ignore = Repository.read(".dockerignore").lines()
                .filter(line -> !line.isBlank() && !line.startsWith("#"))
                .toList();
        assertThat(ignore.getFirst()).isEqualTo("*");
        assertThat(ignore).contains("!pom.xml", "!build-config", "!common", "!specification/pom.xml",
                "!workbench/pom.xml");
        assertThat(ignore).containsAll(Repository.serviceModules().stream().map(module -> "!" + module).toList());
        assertThat(Arrays.asList("common/src", "common/src/test", "**/src/test")).noneMatch(ignore::contains);
    }

    @Test
    void environment_keys_in_the_image_are_read_by_every_service() {
        Pattern.compile("MILLRACE_[A-Z0-9_]+").matcher(Repository.read("Dockerfile")).results().forEach(
                key -> assertThat(Repository.serviceModules()).allSatisfy(
                        module -> assertThat(ServiceConfiguration.of(module).environmentKeys()).contains(key.group())));
    }
}
