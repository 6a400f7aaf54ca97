package io.millrace.workbench.failover;

import io.millrace.workbench.torture.check.Event;
import io.millrace.workbench.torture.check.History;
import io.millrace.workbench.torture.check.Place;
import io.millrace.workbench.torture.check.Write;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.serialization.StringDeserializer;

/** A Kafka consumer with all partitions of a topic, assigned by hand. */
final class KafkaReading implements Client {
    private static final Duration POLL = Duration.ofMillis(200);
    /** A reader that is at the end would else ask for each record by itself. */
    private static final Duration PAUSE = Duration.ofMillis(50);

    private final int reader;
    private final String bootstrapServers;
    private final String topic;
    private final int partitions;
    private final Journal journal;

    KafkaReading(int reader, String bootstrapServers, String topic, int partitions, Journal journal) {
        this.reader = reader;
        this.bootstrapServers = bootstrapServers;
        this.topic = topic;
        this.partitions = partitions;
        this.journal = journal;
    }

    /** Reads as the partitions grow. */
    @Override
    public void run() throws InterruptedException {
        try (KafkaConsumer<String, String> consumer = consumer()) {
            List<TopicPartition> all = partitions();
            consumer.assign(all);
            consumer.seekToBeginning(all);
            while (true) {
                poll(consumer);
                TimeUnit.NANOSECONDS.sleep(PAUSE.toNanos());
            }
        } catch (InterruptException e) {
            Thread.interrupted(); // ends here
        }
    }

    private void poll(KafkaConsumer<String, String> consumer) {
        try {
            for (ConsumerRecord<String, String> record : consumer.poll(POLL)) {
                journal.seen(read(reader, record));
            }
        } catch (InterruptException e) {
            throw e;
        } catch (KafkaException e) {
            journal.failedRead(Door.KAFKA, e.getClass().getSimpleName());
        }
    }

    /** Reads everything that is there, once; what it has not read when the time is over is missing in the history. */
    void readAll(Duration timeout) {
        long deadlineNanos = System.nanoTime() + timeout.toNanos();
        try (KafkaConsumer<String, String> consumer = consumer()) {
            List<TopicPartition> all = partitions();
            consumer.assign(all);
            Map<TopicPartition, Long> starts = consumer.beginningOffsets(all, timeout);
            Map<TopicPartition, Long> ends = consumer.endOffsets(all, timeout);
            all.forEach(partition -> journal.seen(new Event.Bounds(place(partition), starts.get(partition), ends
                    .get(partition))));
            starts.forEach(consumer::seek);
            while (System.nanoTime() - deadlineNanos < 0
                    && all.stream().anyMatch(partition -> consumer.position(partition) < ends.get(partition))) {
                consumer.poll(POLL).forEach(record -> journal.seen(read(History.FINAL_READER, record)));
            }
        }
    }

    private KafkaConsumer<String, String> consumer() {
        return new KafkaConsumer<>(Map.of("bootstrap.servers", bootstrapServers, "auto.offset.reset", "none"),
                new StringDeserializer(), new StringDeserializer());
    }

    private List<TopicPartition> partitions() {
        return IntStream.range(0, partitions).mapToObj(partition -> new TopicPartition(topic, partition)).toList();
    }

    private static Place place(TopicPartition partition) {
        return new Place(partition.topic(), partition.partition());
    }

    private static Event.Read read(int reader, ConsumerRecord<String, String> record) {
        return new Event.Read(reader, new Place(record.topic(), record.partition()), record.offset(),
                record.leaderEpoch().orElse(Event.NO_EPOCH), Write.parse(record.value()));
    }
}
