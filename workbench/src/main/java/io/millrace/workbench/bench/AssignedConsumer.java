package io.millrace.workbench.bench;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Reads a topic from the start with an assigned consumer and prints records a second, from the first record to the last. */
public final class AssignedConsumer {
    private static final Duration POLL = Duration.ofSeconds(5);
    private static final int EMPTY_POLLS_AT_MOST = 3;

    private AssignedConsumer() {}

    /** Arguments: bootstrap servers, topic, number of records. */
    public static void main(String[] arguments) {
        String topic = arguments[1];
        long wanted = Long.parseLong(arguments[2]);
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", arguments[0], "max.poll.records", 5_000),
                new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = consumer.partitionsFor(topic).stream()
                    .map(partition -> new TopicPartition(topic, partition.partition())).toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            long read = consumer.poll(POLL).count();
            long counted = 0;
            long startedNanos = System.nanoTime();
            for (int empty = 0; read + counted < wanted && empty < EMPTY_POLLS_AT_MOST;) {
                int records = consumer.poll(POLL).count();
                counted += records;
                empty = records == 0 ? empty + 1 : 0;
            }
            double seconds = (System.nanoTime() - startedNanos) / 1e9;
            if (read + counted < wanted) {
                System.err.println("only " + (read + counted) + " of " + wanted + " records came");
                System.exit(1);
            }
            System.out.println(counted / seconds);
        }
    }
}
