package io.millrace.gateway.v3.records;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.TopicImage;
import io.millrace.common.record.RecordSlices;
import io.millrace.common.record.RequestKey;
import io.millrace.gateway.producer.Delivery;
import io.millrace.gateway.producer.Producer;
import io.millrace.gateway.producer.ProducerProperties;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** Sends records on and waits for what becomes of them. */
@Component
class RecordSender {
    private final Producer producer;
    private final Duration answerTimeout;
    private final Duration backoff;

    RecordSender(Producer producer, ProducerProperties properties) {
        this.producer = producer;
        this.answerTimeout = properties.answerTimeout();
        this.backoff = properties.retryBackoff();
    }

    /** @param key under which a request is stored once; null: none */
    Delivery send(TopicImage topic, RecordSlices records, @Nullable RequestKey key, long nowMs)
            throws InterruptedException {
        Delivery delivery = key == null ? producer.send(topic, records, nowMs)
                : producer.sendOnce(topic, records, key, nowMs, null);
        delivery.await(answerTimeout);
        return delivery;
    }

    /** While too much waits for the brokers already, the stream waits instead of being refused, as long as for an answer. */
    Delivery sendWhenThereIsRoom(TopicImage topic, RecordSlices records, long nowMs) throws InterruptedException {
        long deadline = System.nanoTime() + answerTimeout.toNanos();
        while (true) {
            boolean isLast = System.nanoTime() - deadline >= 0;
            if (isLast || producer.hasRoomFor(records)) {
                try {
                    return send(topic, records, null, nowMs);
                } catch (RefusedException refusal) {
                    // Others may have taken the room.
                    if (isLast || refusal.code() != ErrorCode.QUEUE_FULL) {
                        throw refusal;
                    }
                }
            }
            TimeUnit.NANOSECONDS.sleep(backoff.toNanos());
        }
    }
}
