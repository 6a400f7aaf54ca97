package io.millrace.gateway.producer;

import io.millrace.common.wire.BrokerClient;
import io.millrace.common.wire.BrokerEndpoint;
import io.millrace.common.wire.Lane;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.requests.ProduceRequest;
import org.apache.kafka.common.requests.ProduceResponse;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way to one broker: queues that are ready, sent together, as many requests at a time as may be in flight. Whoever makes a queue ready
 * or frees a place drains the lane; the order of these two (ready, then look for a place; free the place, then look for what is ready)
 * leaves no queue behind.
 *
 * <p>A produce request has one batch of a partition at most. The batches of requests under keys, of which a partition may have any number,
 * wait in one line for each partition, which takes turns with the partition's ordinary queue: what had to wait comes before what has had
 * its turn.
 */
final class BrokerLane {
    private static final Logger LOG = LoggerFactory.getLogger(BrokerLane.class);
    private static final short ALL_IN_SYNC = -1;

    private final BrokerEndpoint broker;
    private final BrokerClient client;
    private final ProducerProperties properties;
    private final Producer producer;
    private final ConcurrentLinkedQueue<Ready> ready = new ConcurrentLinkedQueue<>();
    private final Map<Place, SinglesOfPartition> singles = new ConcurrentHashMap<>();
    private final AtomicInteger places;

    BrokerLane(BrokerEndpoint broker, BrokerClient client, ProducerProperties properties, Producer producer) {
        this.broker = broker;
        this.client = client;
        this.properties = properties;
        this.producer = producer;
        this.places = new AtomicInteger(properties.maxInFlightRequests());
    }

    void add(PartitionQueue queue) {
        if (!queue.isSingle()) {
            ready.add(queue);
            return;
        }
        var place = new Place(queue.topicId(), queue.partition());
        singles.compute(place, (_, waiting) -> {
            var line = waiting == null ? new SinglesOfPartition(place, new ConcurrentLinkedQueue<>()) : waiting;
            line.queues.add(queue);
            if (waiting == null) {
                ready.add(line);
            }
            return line;
        });
    }

    void drain() {
        while (!ready.isEmpty() && takePlace()) {
            List<Flight> flights = new ArrayList<>();
            try {
                board(flights);
            } finally {
                // Whatever came between, who is aboard leaves.
                if (flights.isEmpty()) {
                    places.incrementAndGet();
                } else {
                    send(flights);
                }
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

    private void board(List<Flight> flights) {
        List<Ready> blocked = new ArrayList<>();
        List<Ready> served = new ArrayList<>();
        boolean hasSingles = false;
        long nowNanos = producer.nowNanos();
        long limitBytes = properties.requestSize().toBytes();
        long bytes = 0;
        try {
            while (bytes < limitBytes) {
                Ready next = ready.poll();
                if (next == null) {
                    break;
                }
                hasSingles |= next instanceof SinglesOfPartition;
                if (hasSingles && isAboard(flights, next)) {
                    blocked.add(next);
                    continue;
                }
                Flight flight = switch (next) {
                    case PartitionQueue queue -> take(queue, nowNanos);
                    case SinglesOfPartition line -> takeFirst(line, nowNanos, served);
                };
                if (flight != null) {
                    flights.add(flight);
                    bytes += flight.records().sizeInBytes();
                }
            }
        } finally {
            ready.addAll(blocked);
            ready.addAll(served);
        }
    }

    /** A queue that cannot be taken from keeps its batch, and tries again later: nobody else would ever look after it. */
    private @Nullable Flight take(PartitionQueue queue, long nowNanos) {
        try {
            ProducerId identity = producer.identity(queue);
            if (identity != null) {
                return queue.take(identity, broker, nowNanos);
            }
            if (queue.hold(broker)) {
                producer.retryLater(queue);
            }
        } catch (RuntimeException e) {
            producer.recover(queue, e);
        }
        return null;
    }

    private @Nullable Flight takeFirst(SinglesOfPartition line, long nowNanos, List<Ready> served) {
        Flight flight = null;
        PartitionQueue queue = line.queues.poll();
        while (queue != null && flight == null) {
            flight = take(queue, nowNanos);
            queue = flight == null ? line.queues.poll() : null;
        }
        // Gone with its last, in one step with those that are added meanwhile.
        if (singles.computeIfPresent(line.place, (_, it) -> it.queues.isEmpty() ? null : it) != null) {
            served.add(line);
        }
        return flight;
    }

    private static boolean isAboard(List<Flight> flights, Ready next) {
        for (Flight flight : flights) {
            if (flight.queue().partition() == next.partition() && flight.queue().topicId().equals(next.topicId())) {
                return true;
            }
        }
        return false;
    }

    private void send(List<Flight> flights) {
        CompletableFuture<ProduceResponse> answer;
        try {
            answer = client.send(broker, Lane.DATA, ProduceRequest.builder(request(flights)), ProduceResponse.class,
                    properties.requestTimeout());
        } catch (RuntimeException e) {
            answer = CompletableFuture.failedFuture(e);
        }
        answer.whenComplete((response, failure) -> landed(flights, response, failure));
    }

    private ProduceRequestData request(List<Flight> flights) {
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
        return data;
    }

    private void landed(List<Flight> flights, @Nullable ProduceResponse response, @Nullable Throwable failure) {
        try {
            if (response != null) {
                ProduceOutcomes.apply(flights, response, producer, this);
            } else {
                producer.sendFailed(broker, failure);
                flights.forEach(producer::retryUnanswered);
            }
        } catch (RuntimeException e) {
            LOG.error("{} gave an answer that cannot be read; what it does not tell of is sent again", broker, e);
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

    /** What takes a turn. */
    sealed interface Ready permits PartitionQueue, SinglesOfPartition {
        Uuid topicId();

        int partition();
    }

    private record Place(Uuid topicId, int partition) {}

    /** The batches of requests under keys that wait for one partition; among the ready, or in the hands of who boards them. */
    private record SinglesOfPartition(Place place, Queue<PartitionQueue> queues) implements Ready {
        @Override
        public Uuid topicId() {
            return place.topicId;
        }

        @Override
        public int partition() {
            return place.partition;
        }
    }
}
