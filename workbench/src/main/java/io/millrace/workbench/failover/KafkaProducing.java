package io.millrace.workbench.failover;

import io.millrace.workbench.torture.check.Place;
import io.millrace.workbench.torture.check.Write;
import java.time.Duration;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.serialization.StringSerializer;

/** One idempotent Kafka producer with acks=all, a record to each partition in turn; JSON, so that it can be read over HTTP too. */
final class KafkaProducing implements Client {
    static final int WRITER = 0;
    /**
     * A broker that hangs keeps its connections: only when a request times out does a client look for another leader, so the default of 30 s
     * would be all that is measured then. Everything else is as Kafka's defaults have it.
     */
    private static final int REQUEST_TIMEOUT_MS = 500;

    private final String bootstrapServers;
    private final String topic;
    private final int partitions;
    private final Duration interval;
    private final Journal journal;

    KafkaProducing(String bootstrapServers, String topic, int partitions, Duration interval, Journal journal) {
        this.bootstrapServers = bootstrapServers;
        this.topic = topic;
        this.partitions = partitions;
        this.interval = interval;
        this.journal = journal;
    }

    @Override
    public void run() {
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(Map.of(
                "bootstrap.servers", bootstrapServers, "enable.idempotence", true, "acks", "all",
                "request.timeout.ms", REQUEST_TIMEOUT_MS), new StringSerializer(), new StringSerializer())) {
            Pace pace = new Pace(interval);
            for (long sequence = 0; true; sequence++) {
                pace.await();
                send(producer, new Write(WRITER, sequence));
            }
        } catch (InterruptedException | InterruptException e) {
            Thread.interrupted(); // closed above, which waits for what is under way
        }
    }

    private void send(KafkaProducer<String, String> producer, Write write) {
        int partition = (int) (write.sequence() % partitions);
        try {
            producer.send(new ProducerRecord<>(topic, partition, null, "\"" + write + "\""), (stored, failure) -> {
                if (failure == null) {
                    journal.acknowledged(Door.KAFKA, write, new Place(topic, partition), stored.offset());
                } else {
                    journal.failedWrite(Door.KAFKA, write, failure.getClass().getSimpleName());
                }
            });
        } catch (InterruptException e) {
            throw e;
        } catch (KafkaException e) {
            journal.failedWrite(Door.KAFKA, write, e.getClass().getSimpleName());
        }
    }
}
