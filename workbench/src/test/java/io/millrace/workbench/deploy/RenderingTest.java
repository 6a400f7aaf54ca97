package io.millrace.workbench.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.workbench.suite.Requisite;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The files in the hands of the programs they are for, where these are installed. */
class RenderingTest {
    @TempDir
    private Path directory;

    @Test
    void kubectl_renders_every_object() throws IOException, InterruptedException {
        Requisite.KUBECTL.demand(succeeds("kubectl", "version", "--client"), "there is no kubectl here");

        var rendered = output("kubectl", "kustomize", "k8s");

        var objects = KubernetesObjects.parse(rendered);
        assertThat(objects).hasSameSizeAs(Kustomization.objects());
        assertThat(objects).allSatisfy(object -> {
            assertThat(object.getMetadata().getLabels()).containsEntry("app.kubernetes.io/part-of", "millrace");
            assertThat(object.getKind().equals("Namespace") ? object.getMetadata().getName()
                    : object.getMetadata().getNamespace())
                    .isEqualTo("millrace");
        });
        Repository.serviceModules().forEach(module -> assertThat(rendered).contains("image: millrace/" + module
                + ":dev"));
    }

    @Test
    void docker_compose_takes_the_file() throws IOException, InterruptedException {
        Requisite.DOCKER.demand(succeeds("docker", "compose", "version"), "there is no docker compose here");

        var services = output("docker", "compose", "config", "--services");

        assertThat(services.lines()).containsExactlyInAnyOrderElementsOf(
                Compose.parse(Repository.read("docker-compose.yml")).services().keySet());
    }

    private boolean succeeds(String... command) throws InterruptedException {
        try {
            return run(List.of(command)) == 0;
        } catch (IOException e) {
            return false;
        }
    }

    private String output(String... command) throws IOException, InterruptedException {
        int exit = run(List.of(command));
        assertThat(exit).as(() -> String.join(" ", command) + ": " + read("err")).isZero();
        return read("out");
    }

    private int run(List<String> command) throws IOException, InterruptedException {
        var process = new ProcessBuilder(command)
                .directory(Repository.ROOT.toFile())
                .redirectOutput(directory.resolve("out").toFile())
                .redirectError(directory.resolve("err").toFile())
                .start();
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor();
            throw new AssertionError(String.join(" ", command) + " did not end within 60 s");
        }
        return process.exitValue();
    }

    private String read(String name) {
        try {
            return Files.readString(directory.resolve(name), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
