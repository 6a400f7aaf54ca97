package io.millrace.workbench.peer;

import io.millrace.workbench.suite.LaunchRefusedException;
import io.millrace.workbench.suite.LogTail;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.Uuid;

/** Apache Kafka in KRaft mode on loopback, configured as its own default files do. Brokers are numbered from 0. */
public final class KafkaPeer implements AutoCloseable {
    private static final Duration READY_TIMEOUT = Duration.ofSeconds(60);
    private static final int PROBE_TIMEOUT_MS = 1_000;
    private static final int POLL_MS = 20;
    private static final int CONTROLLER_ID = 100;
    /** Of its own start script. */
    private static final List<String> DEFAULT_HEAP = List.of("-Xms1g", "-Xmx1g");
    /** What the suite gives to a broker. */
    private static final List<String> CLUSTER_HEAP = List.of("-Xms512m", "-Xmx512m");
    private static final List<String> CONTROLLER_HEAP = List.of("-Xmx256m");

    private final List<KafkaNode> brokers;
    private final List<KafkaNode> others;
    private final List<Integer> ports;
    private final Duration startup;

    private KafkaPeer(List<KafkaNode> brokers, List<KafkaNode> others, List<Integer> ports, Duration startup) {
        this.brokers = List.copyOf(brokers);
        this.others = List.copyOf(others);
        this.ports = List.copyOf(ports);
        this.startup = startup;
    }

    /** One node that is broker and controller, with the heap of Kafka's own start script. */
    public static KafkaPeer startOne(Path directory) throws IOException, InterruptedException {
        return startOne(directory, "");
    }

    /** @param settings further lines of its properties file */
    public static KafkaPeer startOne(Path directory, String settings) throws IOException, InterruptedException {
        int port = freePort();
        int controllerPort = freePort();
        String properties = """
                process.roles=broker,controller
                node.id=0
                controller.quorum.voters=0@127.0.0.1:%2$d
                listeners=PLAINTEXT://127.0.0.1:%1$d,CONTROLLER://127.0.0.1:%2$d
                advertised.listeners=PLAINTEXT://127.0.0.1:%1$d
                """.formatted(port, controllerPort) + common(1) + settings;
        KafkaNode node = KafkaNode.format(directory, properties, Uuid.randomUuid().toString(), DEFAULT_HEAP);
        return start(List.of(node), List.of(), List.of(port));
    }

    /** Some brokers, each with the heap of a broker of the suite, and a controller in a process of its own, which the faults spare. */
    public static KafkaPeer startCluster(Path directory, int size) throws IOException, InterruptedException {
        int controllerPort = freePort();
        String cluster = Uuid.randomUuid().toString();
        String voters = "controller.quorum.voters=" + CONTROLLER_ID + "@127.0.0.1:" + controllerPort + "\n";
        KafkaNode controller = KafkaNode.format(directory.resolve("controller"), """
                process.roles=controller
                node.id=%d
                listeners=CONTROLLER://127.0.0.1:%d
                """.formatted(CONTROLLER_ID, controllerPort) + voters + common(size), cluster, CONTROLLER_HEAP);
        List<KafkaNode> brokers = new ArrayList<>();
        List<Integer> ports = new ArrayList<>();
        for (int broker = 0; broker < size; broker++) {
            int port = freePort();
            ports.add(port);
            brokers.add(KafkaNode.format(directory.resolve("broker-" + broker), """
                    process.roles=broker
                    node.id=%1$d
                    listeners=PLAINTEXT://127.0.0.1:%2$d
                    advertised.listeners=PLAINTEXT://127.0.0.1:%2$d
                    """.formatted(broker, port) + voters + common(size), cluster, CLUSTER_HEAP));
        }
        return start(brokers, List.of(controller), ports);
    }

    private static String common(int brokers) {
        return """
                controller.listener.names=CONTROLLER
                listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
                offsets.topic.replication.factor=%1$d
                transaction.state.log.replication.factor=%1$d
                transaction.state.log.min.isr=%2$d
                """.formatted(brokers, Math.min(2, brokers));
    }

    private static KafkaPeer start(List<KafkaNode> brokers, List<KafkaNode> others, List<Integer> ports)
            throws IOException, InterruptedException {
        long startedNanos = System.nanoTime();
        KafkaPeer peer = new KafkaPeer(brokers, others, ports, Duration.ZERO);
        try {
            for (KafkaNode node : others) {
                node.start();
            }
            for (KafkaNode node : brokers) {
                node.start();
            }
            peer.awaitBrokers(brokers.size());
        } catch (IOException | RuntimeException | InterruptedException e) {
            peer.close();
            throw e;
        }
        return new KafkaPeer(brokers, others, ports, Duration.ofNanos(System.nanoTime() - startedNanos));
    }

    public String bootstrapServers() {
        return ports.stream().map(port -> "127.0.0.1:" + port).collect(Collectors.joining(","));
    }

    public int port(int broker) {
        return ports.get(broker);
    }

    public long pid(int broker) {
        return brokers.get(broker).pid();
    }

    /** From its start until it answered a client. */
    public Duration startup() {
        return startup;
    }

    /** Starts a broker again that has ended, and waits until it is back in the cluster. */
    public void start(int broker) throws IOException, InterruptedException {
        brokers.get(broker).start();
        awaitBrokers((int) IntStream.range(0, brokers.size()).filter(each -> brokers.get(each).isAlive()).count());
    }

    /** SIGTERM, and waits for its end. */
    public void stop(int broker) throws InterruptedException {
        brokers.get(broker).stop();
    }

    /** SIGKILL. */
    public void kill(int broker) throws InterruptedException {
        brokers.get(broker).kill();
    }

    private void awaitBrokers(int count) throws InterruptedException {
        long deadline = System.nanoTime() + READY_TIMEOUT.toNanos();
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers(),
                "reconnect.backoff.ms", 20, "reconnect.backoff.max.ms", 50))) {
            while (true) {
                try {
                    if (admin.describeCluster().nodes().get(PROBE_TIMEOUT_MS, TimeUnit.MILLISECONDS).size() == count) {
                        return;
                    }
                } catch (ExecutionException | TimeoutException e) {
                    // not yet
                }
                refuseWhatEnded(System.nanoTime() - deadline > 0);
                TimeUnit.MILLISECONDS.sleep(POLL_MS);
            }
        }
    }

    private void refuseWhatEnded(boolean late) {
        for (KafkaNode node : brokers) {
            if (late || !node.isAlive()) {
                throw new LaunchRefusedException("Apache Kafka does not start; the last it said:\n  "
                        + String.join("\n  ", LogTail.lastLines(node.log(), 15)));
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
        try {
            if (brokers.size() > 1) { // nothing is read from them any more, and their orderly ends would wait for each other
                brokers.forEach(KafkaNode::abandon);
            }
            for (KafkaNode node : brokers) {
                node.stop();
            }
            for (KafkaNode node : others) {
                node.stop();
            }
        } catch (InterruptedException e) {
            brokers.forEach(KafkaNode::abandon);
            others.forEach(KafkaNode::abandon);
            Thread.currentThread().interrupt();
        }
    }
}
