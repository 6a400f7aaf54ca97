package io.millrace.workbench.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.workbench.endtoend.ToolServer.Call;
import io.millrace.workbench.endtoend.ToolServer.Ended;
import io.millrace.workbench.peer.ChildJvm;
import io.millrace.workbench.suite.TestSuites;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import tools.jackson.databind.json.JsonMapper;

/** Kafka's command-line tools, in one JVM beside the tests. One at a time. */
final class KafkaTools implements AutoCloseable {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final List<String> JVM = List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto");
    private static final Path LOGS = TestSuites.home().resolve("workbench/target/end-to-end");
    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    private final String bootstrapServers;
    private final Process process;
    private final Writer calls;
    private final BufferedReader answers;

    private KafkaTools(String bootstrapServers, Process process) {
        this.bootstrapServers = bootstrapServers;
        this.process = process;
        calls = process.outputWriter(StandardCharsets.UTF_8);
        answers = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    static KafkaTools start(String bootstrapServers) throws IOException {
        Files.createDirectories(LOGS);
        return new KafkaTools(bootstrapServers, new ProcessBuilder(ChildJvm.command(JVM, ToolServer.class.getName(),
                List.of())).redirectError(LOGS.resolve("kafka-tools.log").toFile()).start());
    }

    /** Runs a tool of the package {@code org.apache.kafka.tools}, or one of {@code kafka.admin}; answers what it printed. */
    List<String> run(String tool, String... arguments) {
        return runWithInput("", tool, arguments);
    }

    List<String> runWithInput(String input, String tool, String... arguments) {
        Ended ended = call(input, tool, arguments);
        assertThat(ended.status()).as("status of %s %s: %s", tool, List.of(arguments), ended.output()).isZero();
        return ended.output();
    }

    /** Runs a tool that is to refuse what it is asked; answers what it printed in one text. */
    String refused(String tool, String... arguments) {
        Ended ended = call("", tool, arguments);
        assertThat(ended.status()).as("status of %s %s: %s", tool, List.of(arguments), ended.output()).isNotZero();
        return String.join("\n", ended.output());
    }

    /** Runs a tool that says its last word when its process ends. */
    List<String> runAlone(String tool, String... arguments) throws IOException, InterruptedException {
        Path output = Files.createTempFile(LOGS, "tool-", ".txt");
        List<String> printed = ChildJvm.run(ChildJvm.command(JVM, mainClass(tool), withServers(arguments)), output,
                TIMEOUT);
        Files.delete(output);
        return printed;
    }

    private static String mainClass(String tool) {
        return tool.contains(".admin.") ? tool : "org.apache.kafka.tools." + tool;
    }

    private List<String> withServers(String... arguments) {
        return Stream.concat(Stream.of("--bootstrap-server", bootstrapServers), Stream.of(arguments)).toList();
    }

    private synchronized Ended call(String input, String tool, String... arguments) {
        Call call = new Call(mainClass(tool), withServers(arguments), input);
        CompletableFuture<Ended> ended = new CompletableFuture<>();
        Thread.startVirtualThread(() -> {
            try {
                calls.write(JSON.writeValueAsString(call) + "\n");
                calls.flush();
                ended.complete(JSON.readValue(Objects.requireNonNull(answers.readLine(), "the tools' JVM has ended"),
                        Ended.class));
            } catch (IOException | RuntimeException e) {
                ended.completeExceptionally(e);
            }
        });
        return ended.orTimeout(TIMEOUT.toSeconds(), TimeUnit.SECONDS).join();
    }

    /** A printed table's rows, each in its words, without the heading whose first word is given. */
    static List<List<String>> rows(List<String> output, String heading) {
        return output.stream().map(String::strip).filter(line -> !line.isEmpty())
                .map(line -> Stream.of(line.split("\\s+")).toList())
                .dropWhile(row -> !row.getFirst().equals(heading))
                .filter(row -> !row.getFirst().equals(heading)).toList();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
