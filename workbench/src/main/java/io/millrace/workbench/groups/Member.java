package io.millrace.workbench.groups;

import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.StringDeserializer;

/** A consumer with a thread of its own. */
final class Member implements ConsumerRebalanceListener {
    private static final Duration POLL = Duration.ofMillis(500);
    private static final Duration CLOSE = Duration.ofSeconds(10);

    private final int number;
    private final Ledger ledger;
    private final KafkaConsumer<String, String> consumer;
    private final Consumer<ConsumerRecord<String, String>> reader;
    private final Thread thread;
    private volatile boolean isEnding;

    Member(int number, Map<String, Object> settings, Ledger ledger, Consumer<ConsumerRecord<String, String>> reader) {
        this.number = number;
        this.ledger = ledger;
        this.reader = reader;
        consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
        thread = Thread.ofPlatform().name("member-" + number).unstarted(this::readUntilEnd);
    }

    int number() {
        return number;
    }

    void start(Collection<String> topics) {
        ledger.join(number);
        consumer.subscribe(topics, this);
        thread.start();
    }

    private void readUntilEnd() {
        try {
            while (!isEnding) {
                consumer.poll(POLL).forEach(reader);
            }
        } catch (WakeupException e) {
            // asked to end
        } catch (RuntimeException e) {
            ledger.failed(e);
        } finally {
            consumer.close(CloseOptions.timeout(CLOSE));
        }
    }

    /** Ends it; the group learns of it. */
    void beginToLeave() {
        isEnding = true;
        consumer.wakeup();
    }

    void awaitEnd() throws InterruptedException {
        thread.join();
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        ledger.assigned(number, partitions);
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        ledger.revoked(number, partitions);
    }
}
