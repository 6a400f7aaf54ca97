package io.millrace.gateway.producer;

import io.millrace.common.wire.BrokerClient;
import io.millrace.common.wire.BrokerEndpoint;
import io.millrace.common.wire.Lane;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.requests.ProduceRequest;
import org.apache.kafka.common.requests.ProduceResponse;
import org.jspecify.annotations.Nullable;

/**
 * The way to one broker: queues that are ready, sent together, as many requests at a time as may be in flight. Whoever makes a queue ready
 * or frees a place drains the lane; the order of these two (ready, then look for a place; free the place, then look for what is ready)
 * leaves no queue behind.
 */
final class BrokerLane {
    private static final short ALL_IN_SYNC = -1;

    private final BrokerEndpoint broker;
    private final BrokerClient client;
    private final ProducerProperties properties;
    private final Producer producer;
    private final ConcurrentLinkedQueue<PartitionQueue> ready = new ConcurrentLinkedQueue<>();
    private final AtomicInteger places;

    BrokerLane(BrokerEndpoint broker, BrokerClient client, ProducerProperties properties, Producer producer) {
        this.broker = broker;
        this.client = client;
        this.properties = properties;
        this.producer = producer;
        this.places = new AtomicInteger(properties.maxInFlightRequests());
    }

    void add(PartitionQueue queue) {
        ready.add(queue);
    }

    void drain() {
        while (!ready.isEmpty() && takePlace()) {
            List<Flight> flights = board();
            if (flights.isEmpty()) {
                places.incrementAndGet();
            } else {
                send(flights);
            }
        }
    }

    private boolean takePlace() {
        while (true) {
            int free = places.get();
            if (free == 0) {
                return false;
            }
            if (places.compareAndSet(free, free - 1)) {
                return true;
            }
        }
    }

    private List<Flight> board() {
        List<Flight> flights = new ArrayList<>();
        List<PartitionQueue> later = new ArrayList<>();
        boolean hasSingles = false;
        long nowNanos = producer.nowNanos();
        long limitBytes = properties.requestSize().toBytes();
        long bytes = 0;
        while (bytes < limitBytes) {
            PartitionQueue queue = ready.poll();
            if (queue == null) {
                break;
            }
            hasSingles |= queue.isSingle();
            if (hasSingles && isAboard(flights, queue)) {
                later.add(queue);
                continue;
            }
            ProducerId identity = producer.identity(queue);
            if (identity == null) {
                if (queue.hold(broker)) {
                    producer.retryLater(queue);
                }
                continue;
            }
            Flight flight = queue.take(identity, broker, nowNanos);
            if (flight != null) {
                flights.add(flight);
                bytes += flight.records().sizeInBytes();
            }
        }
        ready.addAll(later);
        return flights;
    }

    /** A produce request has one batch of a partition at most, which may have several queues if there are requests under keys. */
    private static boolean isAboard(List<Flight> flights, PartitionQueue queue) {
        for (Flight flight : flights) {
            if (flight.queue().partition() == queue.partition() && flight.queue().topicId().equals(queue.topicId())) {
                return true;
            }
        }
        return false;
    }

    private void send(List<Flight> flights) {
        // The broker gives up first: its answer costs less than a connection that is given up.
        Duration patience = properties.requestTimeout().minus(properties.requestTimeout().dividedBy(10));
        var data = new ProduceRequestData().setAcks(ALL_IN_SYNC).setTimeoutMs((int) patience.toMillis());
        for (Flight flight : flights) {
            PartitionQueue queue = flight.queue();
            TopicProduceData topic = data.topicData().find(queue.topic(), queue.topicId());
            if (topic == null) {
                topic = new TopicProduceData().setName(queue.topic()).setTopicId(queue.topicId());
                data.topicData().add(topic);
            }
            topic.partitionData().add(new PartitionProduceData().setIndex(queue.partition()).setRecords(flight
                    .records()));
        }
        client.send(broker, Lane.DATA, ProduceRequest.builder(data), ProduceResponse.class, properties.requestTimeout())
                .whenComplete((response, failure) -> landed(flights, response, failure));
    }

    private void landed(List<Flight> flights, @Nullable ProduceResponse response, @Nullable Throwable failure) {
        try {
            if (response != null) {
                ProduceOutcomes.apply(flights, response, producer, this);
            } else {
                producer.sendFailed(broker, failure);
                for (Flight flight : flights) {
                    producer.retry(flight, true);
                }
            }
        } finally {
            places.incrementAndGet();
            drain();
        }
    }

    /**
     * A batch in a request that is under way. A batch that is sent again is on another flight.
     *
     * @param leaderEpoch under which the broker leads the partition, as far as was known when the batch left
     */
    record Flight(PartitionQueue queue, ProduceBatch batch, MemoryRecords records, int leaderEpoch) {}
}
