package io.millrace.workbench.torture.load;

import io.millrace.workbench.torture.check.Event;
import io.millrace.workbench.torture.check.History;
import io.millrace.workbench.torture.check.Place;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Reads every partition from its first offset to its last, when nothing is written any more. */
public final class FinalRead {
    private static final Duration POLL = Duration.ofMillis(500);

    private FinalRead() {}

    /** What cannot be read within the time is missing from the history, which its bounds then tell. */
    public static void run(String bootstrapServers, Recorder recorder, Duration timeout) {
        long deadlineNanos = System.nanoTime() + timeout.toNanos();
        List<TopicPartition> partitions = Topics.places().stream()
                .map(place -> new TopicPartition(place.topic(), place.partition())).toList();
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(
                KafkaReader.configuration(bootstrapServers), new StringDeserializer(), new StringDeserializer())) {
            consumer.assign(partitions);
            Map<TopicPartition, Long> starts = consumer.beginningOffsets(partitions, timeout);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions, timeout);
            partitions.forEach(partition -> recorder.add(new Event.Bounds(new Place(partition.topic(), partition
                    .partition()), starts.get(partition), ends.get(partition))));
            starts.forEach(consumer::seek);
            while (System.nanoTime() - deadlineNanos < 0
                    && partitions.stream().anyMatch(partition -> consumer.position(partition) < ends.get(partition))) {
                for (ConsumerRecord<String, String> record : consumer.poll(POLL)) {
                    recorder.add(KafkaReader.read(History.FINAL_READER, record));
                }
            }
        } catch (KafkaException e) {
            recorder.broken("the log cannot be read when all faults are over: " + e);
        }
    }
}
