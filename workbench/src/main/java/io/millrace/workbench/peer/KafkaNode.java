package io.millrace.workbench.peer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One process of Apache Kafka with a directory of its own; it can end and be started again on what it stored. */
final class KafkaNode {
    private static final Duration FORMAT_TIMEOUT = Duration.ofSeconds(60);
    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(30);
    private static final List<String> COLLECTOR = List.of("-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20",
            "-XX:InitiatingHeapOccupancyPercent=35", "-XX:+ExplicitGCInvokesConcurrent");

    private final Path directory;
    private final List<String> heap;
    private @Nullable Process process;

    private KafkaNode(Path directory, List<String> heap) {
        this.directory = directory;
        this.heap = heap;
    }

    /** Formats its directory; it does not run yet. */
    static KafkaNode format(Path directory, String properties, String clusterId, List<String> heap)
            throws IOException, InterruptedException {
        Files.createDirectories(directory);
        KafkaNode node = new KafkaNode(directory, heap);
        Files.writeString(node.properties(), properties + "log.dirs=" + directory.resolve("logs") + "\n");
        ChildJvm.run(ChildJvm.command(List.of("-Xmx256m", "-XX:TieredStopAtLevel=1"), "kafka.tools.StorageTool",
                List.of("format", "--cluster-id", clusterId, "--config", node.properties().toString())),
                directory.resolve("format.txt"), FORMAT_TIMEOUT);
        return node;
    }

    void start() throws IOException {
        List<String> options = new ArrayList<>(List.of("-server"));
        options.addAll(heap);
        options.addAll(COLLECTOR);
        process = new ProcessBuilder(
                ChildJvm.command(options, "kafka.Kafka", List.of(properties().toString())))
                .redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile())).start();
    }

    /** SIGTERM, upon which a broker hands its leaderships over. */
    void stop() throws InterruptedException {
        if (process != null) {
            process.destroy();
            if (!process.waitFor(STOP_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
                kill();
            }
        }
    }

    /** SIGKILL. */
    void kill() throws InterruptedException {
        if (process != null) {
            process.destroyForcibly().waitFor(STOP_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    /** SIGKILL, without waiting for its end. */
    void abandon() {
        if (process != null) {
            process.destroyForcibly();
        }
    }

    boolean isAlive() {
        return process != null && process.isAlive();
    }

    long pid() {
        if (process == null) {
            throw new IllegalStateException(directory.getFileName() + " was never started");
        }
        return process.pid();
    }

    Path log() {
        return directory.resolve("kafka.log");
    }

    private Path properties() {
        return directory.resolve("server.properties");
    }
}
