package io.millrace.workbench.bench;

import io.millrace.workbench.peer.ChildJvm;
import io.millrace.workbench.suite.LaunchRefusedException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;

/** Load over Kafka's protocol; the same on whichever brokers it is pointed at. */
final class KafkaLoad {
    private static final Duration TIMEOUT = Duration.ofMinutes(3);
    private static final int ADMIN_TIMEOUT_SECONDS = 30;
    private static final List<String> CLIENT_JVM = List.of("-Xmx512m", "-XX:+UseG1GC");
    /** {@code 5000000 records sent, 812345.6 records/sec (77.47 MB/sec), 12.30 ms avg latency, …} */
    private static final Pattern SENT = Pattern.compile(
            "(\\d+) records sent, ([\\d.]+) records/sec \\(([\\d.]+) MB/sec\\), ([\\d.]+) ms avg latency, .* (\\d+) ms 50th, .* (\\d+) ms 99th,.*");

    private final String bootstrapServers;
    private final Path outputs;

    KafkaLoad(String bootstrapServers, Path outputs) {
        this.bootstrapServers = bootstrapServers;
        this.outputs = outputs;
    }

    String bootstrapServers() {
        return bootstrapServers;
    }

    void createTopic(String topic, int partitions) throws InterruptedException {
        create(new NewTopic(topic, partitions, (short) 1));
    }

    /** A topic of which a write is acknowledged once {@code minInSync} of its {@code replicas} have it, and all that are in sync. */
    void createTopic(String topic, int partitions, int replicas, int minInSync) throws InterruptedException {
        create(new NewTopic(topic, partitions, (short) replicas)
                .configs(Map.of("min.insync.replicas", Integer.toString(minInSync))));
    }

    private void create(NewTopic topic) throws InterruptedException {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers))) {
            admin.createTopics(List.of(topic)).all().get(ADMIN_TIMEOUT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new LaunchRefusedException("cannot create " + topic.name() + " on " + bootstrapServers + ": " + e);
        }
    }

    void deleteTopic(String topic) throws InterruptedException {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers))) {
            admin.deleteTopics(List.of(topic)).all().get(ADMIN_TIMEOUT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new LaunchRefusedException("cannot delete " + topic + " on " + bootstrapServers + ": " + e);
        }
    }

    /** Kafka's own ProducerPerformance with acks=all and the producer's defaults otherwise; answers records a second. */
    Figures produce(String topic, long records, int recordSizeBytes) throws IOException, InterruptedException {
        List<String> output = ChildJvm.run(
                ChildJvm.command(CLIENT_JVM, "org.apache.kafka.tools.ProducerPerformance",
                        List.of("--topic", topic, "--num-records", Long.toString(records), "--record-size",
                                Integer.toString(recordSizeBytes), "--throughput", "-1", "--bootstrap-server",
                                bootstrapServers, "--command-property", "acks=all")),
                outputs.resolve("producer.txt"), TIMEOUT);
        for (String line : output.reversed()) {
            Matcher sent = SENT.matcher(line);
            if (sent.matches()) {
                return new Figures(Double.parseDouble(sent.group(2)),
                        Map.of("MB/s", Double.parseDouble(sent.group(3)), "average ms",
                                Double.parseDouble(sent.group(4)), "p50 ms", Double.parseDouble(sent.group(5)),
                                "p99 ms", Double.parseDouble(sent.group(6))));
            }
        }
        throw new LaunchRefusedException("ProducerPerformance said nothing of its speed: " + output);
    }

    /** A consumer with all partitions assigned by hand; answers records a second. */
    Figures consume(String topic, long records) throws IOException, InterruptedException {
        List<String> output = ChildJvm.run(
                ChildJvm.command(CLIENT_JVM, AssignedConsumer.class.getName(),
                        List.of(bootstrapServers, topic, Long.toString(records))),
                outputs.resolve("consumer.txt"), TIMEOUT);
        return new Figures(Double.parseDouble(output.getLast()), Map.of());
    }
}
