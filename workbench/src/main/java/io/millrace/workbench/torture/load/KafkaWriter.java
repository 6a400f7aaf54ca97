package io.millrace.workbench.torture.load;

import io.millrace.workbench.torture.check.Event;
import io.millrace.workbench.torture.check.Place;
import io.millrace.workbench.torture.check.Write;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.StringSerializer;

/** An idempotent Kafka producer with acks=all that sends at a steady rate, acknowledged or not. */
final class KafkaWriter implements Client {
    private static final Duration INTERVAL = Duration.ofMillis(8);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(60);

    private final int number;
    private final Recorder recorder;
    private final KafkaProducer<String, String> producer;
    private long sequence;
    private long dueNanos = System.nanoTime();

    KafkaWriter(int number, String bootstrapServers, Recorder recorder) {
        this.number = number;
        this.recorder = recorder;
        // Each record has longer than all faults together may last: one that fails for good was given up by a broker.
        this.producer = new KafkaProducer<>(Map.of(
                "bootstrap.servers", bootstrapServers, "enable.idempotence", true, "acks", "all",
                "delivery.timeout.ms", 180_000, "request.timeout.ms", 2_000, "max.block.ms", 60_000,
                "retry.backoff.ms", 20, "retry.backoff.max.ms", 200, "reconnect.backoff.max.ms", 200,
                "socket.connection.setup.timeout.ms", 1_000),
                new StringSerializer(), new StringSerializer());
    }

    @Override
    public void turn() throws InterruptedException {
        TimeUnit.NANOSECONDS.sleep(dueNanos - System.nanoTime());
        dueNanos = Math.max(dueNanos + INTERVAL.toNanos(), System.nanoTime() - CLOSE_TIMEOUT.toNanos());
        Write write = new Write(number, sequence++);
        try {
            producer.send(new ProducerRecord<>(Topics.KAFKA, Topics.quoted(Topics.key(write.sequence())), Topics.quoted(
                    write)),
                    (stored, failure) -> {
                        if (failure == null) {
                            recorder.add(new Event.Acknowledged(recorder.nowMs(), write,
                                    new Place(stored.topic(), stored.partition()), stored.offset()));
                        } else {
                            unknown(write, failure);
                        }
                    });
        } catch (KafkaException e) {
            unknown(write, e);
        }
    }

    private void unknown(Write write, Exception failure) {
        recorder.add(new Event.Unknown(write));
        recorder.refused("Kafka producer: " + failure.getClass().getSimpleName());
    }

    @Override
    public void end() {
        producer.close(CLOSE_TIMEOUT);
    }
}
