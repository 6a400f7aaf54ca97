package io.millrace.workbench.bench;

import io.millrace.workbench.suite.LaunchRefusedException;
import io.millrace.workbench.suite.LogTail;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.Uuid;

/** Apache Kafka, one node in KRaft mode on loopback, with the heap and collector of its own start script. */
final class KafkaPeer implements AutoCloseable {
    private static final Duration READY_TIMEOUT = Duration.ofSeconds(60);
    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(20);
    private static final int PROBE_TIMEOUT_MS = 1_000;
    private static final List<String> SERVER_JVM = List.of("-server", "-Xms1g", "-Xmx1g", "-XX:+UseG1GC",
            "-XX:MaxGCPauseMillis=20", "-XX:InitiatingHeapOccupancyPercent=35", "-XX:+ExplicitGCInvokesConcurrent");

    private final Process process;
    private final int port;
    private final Duration startup;

    private KafkaPeer(Process process, int port, Duration startup) {
        this.process = process;
        this.port = port;
        this.startup = startup;
    }

    static KafkaPeer start(Path directory) throws IOException, InterruptedException {
        Files.createDirectories(directory);
        int port = freePort();
        int controllerPort = freePort();
        Path properties = directory.resolve("server.properties");
        Files.writeString(properties, """
                process.roles=broker,controller
                node.id=1
                controller.quorum.voters=1@127.0.0.1:%2$d
                controller.listener.names=CONTROLLER
                listeners=PLAINTEXT://127.0.0.1:%1$d,CONTROLLER://127.0.0.1:%2$d
                advertised.listeners=PLAINTEXT://127.0.0.1:%1$d
                listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
                log.dirs=%3$s
                offsets.topic.replication.factor=1
                transaction.state.log.replication.factor=1
                transaction.state.log.min.isr=1
                """.formatted(port, controllerPort, directory.resolve("logs")));
        ChildJvm.run(ChildJvm.command(List.of("-Xmx256m", "-XX:TieredStopAtLevel=1"), "kafka.tools.StorageTool",
                List.of("format", "--cluster-id", Uuid.randomUuid().toString(), "--config", properties.toString())),
                directory.resolve("format.txt"), READY_TIMEOUT);
        long startedNanos = System.nanoTime();
        Path log = directory.resolve("kafka.log");
        Process process = new ProcessBuilder(
                ChildJvm.command(SERVER_JVM, "kafka.Kafka", List.of(properties.toString())))
                .redirectErrorStream(true).redirectOutput(log.toFile()).start();
        try {
            awaitReady(process, port, log);
        } catch (RuntimeException | InterruptedException e) {
            process.destroyForcibly();
            throw e;
        }
        return new KafkaPeer(process, port, Duration.ofNanos(System.nanoTime() - startedNanos));
    }

    String bootstrapServers() {
        return "127.0.0.1:" + port;
    }

    long pid() {
        return process.pid();
    }

    /** From its start until it answered a client. */
    Duration startup() {
        return startup;
    }

    private static void awaitReady(Process process, int port, Path log) throws InterruptedException {
        long deadline = System.nanoTime() + READY_TIMEOUT.toNanos();
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", "127.0.0.1:" + port,
                "reconnect.backoff.ms", 20, "reconnect.backoff.max.ms", 50))) {
            while (true) {
                try {
                    if (!admin.describeCluster().nodes().get(PROBE_TIMEOUT_MS, TimeUnit.MILLISECONDS).isEmpty()) {
                        return;
                    }
                } catch (ExecutionException | TimeoutException e) {
                    // not yet
                }
                if (!process.isAlive() || System.nanoTime() - deadline > 0) {
                    throw new LaunchRefusedException("Apache Kafka does not start; the last it said:\n  "
                            + String.join("\n  ", LogTail.lastLines(log, 15)));
                }
            }
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(STOP_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
