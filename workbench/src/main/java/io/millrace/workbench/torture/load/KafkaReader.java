package io.millrace.workbench.torture.load;

import io.millrace.workbench.torture.check.Event;
import io.millrace.workbench.torture.check.Place;
import io.millrace.workbench.torture.check.Write;
import java.time.Duration;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;

/** A Kafka consumer with all partitions assigned that reads from their start on and goes on at their end. */
final class KafkaReader implements Client {
    private static final Duration POLL = Duration.ofMillis(200);

    private final int number;
    private final Recorder recorder;
    private final Duration pause;
    private final KafkaConsumer<String, String> consumer;
    private final Map<TopicPartition, Place> places;

    /** @param pause before each poll: a reader that is at the end asks for each record by itself without one */
    KafkaReader(int number, String bootstrapServers, Duration pause, Recorder recorder) {
        this.pause = pause;
        this.number = number;
        this.recorder = recorder;
        this.consumer = new KafkaConsumer<>(configuration(bootstrapServers), new StringDeserializer(),
                new StringDeserializer());
        this.places = Topics.places().stream().collect(Collectors.toMap(
                place -> new TopicPartition(place.topic(), place.partition()), Function.identity()));
        consumer.assign(places.keySet());
        consumer.seekToBeginning(places.keySet());
    }

    static Map<String, Object> configuration(String bootstrapServers) {
        return Map.of("bootstrap.servers", bootstrapServers, "auto.offset.reset", "none",
                "request.timeout.ms", 5_000, "default.api.timeout.ms", 10_000, "retry.backoff.ms", 20,
                "retry.backoff.max.ms", 200, "reconnect.backoff.max.ms", 200, "socket.connection.setup.timeout.ms",
                1_000, "max.poll.records", 5_000);
    }

    @Override
    public void turn() throws InterruptedException {
        TimeUnit.NANOSECONDS.sleep(pause.toNanos());
        try {
            for (ConsumerRecord<String, String> record : consumer.poll(POLL)) {
                recorder.add(read(number, record));
            }
            places.forEach(this::recordHighWatermark);
        } catch (OffsetOutOfRangeException e) { // also of a log that was cut back below what was read
            recorder.broken("Kafka reader " + number + " is told that what it read is gone: " + e.getMessage());
            consumer.seekToBeginning(places.keySet());
        } catch (KafkaException e) {
            recorder.refused("Kafka consumer: " + e.getClass().getSimpleName());
        }
    }

    private void recordHighWatermark(TopicPartition partition, Place place) {
        OptionalLong lag = consumer.currentLag(partition);
        if (lag.isPresent()) {
            recorder.add(new Event.HighWatermark(number, place, consumer.position(partition, POLL) + lag.getAsLong()));
        }
    }

    static Event.Read read(int reader, ConsumerRecord<String, String> record) {
        return new Event.Read(reader, new Place(record.topic(), record.partition()), record.offset(),
                record.leaderEpoch().orElse(Event.NO_EPOCH), Write.parse(record.value()));
    }

    @Override
    public void end() {
        consumer.close();
    }
}
