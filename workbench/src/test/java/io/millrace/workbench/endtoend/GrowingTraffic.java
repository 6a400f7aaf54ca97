package io.millrace.workbench.endtoend;

import io.millrace.workbench.endtoend.Gateway.Delivered;
import io.millrace.workbench.torture.check.Event;
import io.millrace.workbench.torture.check.History;
import io.millrace.workbench.torture.check.Place;
import io.millrace.workbench.torture.check.Write;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import tools.jackson.databind.JsonNode;

/**
 * Writers and readers of one topic by both doors, to all the partitions that it has at the time. Clients are as people configure them, except that
 * the Kafka client looks for new partitions every second.
 */
final class GrowingTraffic implements AutoCloseable {
    private static final int KAFKA = 0;
    private static final int FIRST_HTTP = 1;
    private static final int HTTP_WRITERS = 4;
    private static final int KAFKA_READER = History.FINAL_READER + 1;
    private static final int HTTP_READER = History.FINAL_READER + 2;
    private static final int GROUP_READER = History.FINAL_READER + 3;
    private static final Duration KAFKA_INTERVAL = Duration.ofMillis(3);
    private static final Duration HTTP_INTERVAL = Duration.ofMillis(20);
    private static final Duration READ_PAUSE = Duration.ofMillis(20);
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    /** So that there is something to copy; in the key, for the value is the record's identity. JSON, so that it can be read over HTTP too. */
    private static final String BALLAST = '"' + "b".repeat(2_000) + '"';

    private record DoorAndPlace(boolean isKafka, Place place) {}

    private final String bootstrapServers;
    private final Gateway gateway;
    private final String topic;
    private final List<Event> events = new ArrayList<>();
    private final Map<DoorAndPlace, Integer> acknowledged = new HashMap<>();
    private final Set<Write> readByGroup = new HashSet<>();
    private final ConcurrentLinkedQueue<String> failures = new ConcurrentLinkedQueue<>();
    private final ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor();
    private final long startedNanos = System.nanoTime();
    private volatile int partitions;
    private volatile boolean isWriting = true;
    private volatile boolean isReading = true;
    private final List<Future<?>> writers = new ArrayList<>();
    private final List<Future<?>> readers = new ArrayList<>();

    /** Something that a client does until it is asked to end. */
    @FunctionalInterface
    private interface Client {
        void run() throws Exception;
    }

    private GrowingTraffic(String bootstrapServers, Gateway gateway, String topic, int partitions) {
        this.bootstrapServers = bootstrapServers;
        this.gateway = gateway;
        this.topic = topic;
        this.partitions = partitions;
    }

    static GrowingTraffic start(String bootstrapServers, Gateway gateway, String topic, int partitions)
            throws Exception {
        GrowingTraffic traffic = new GrowingTraffic(bootstrapServers, gateway, topic, partitions);
        String member = gateway.join("growing-readers", "one", topic, PATIENCE);
        traffic.run(traffic.writers, "Kafka producer", traffic::produceByKafka);
        for (int writer = FIRST_HTTP; writer < FIRST_HTTP + HTTP_WRITERS; writer++) {
            int number = writer;
            traffic.run(traffic.writers, "HTTP producer", () -> traffic.produceByHttp(number));
        }
        traffic.run(traffic.readers, "Kafka consumer", traffic::readByKafka);
        traffic.run(traffic.readers, "HTTP reader", traffic::readByHttp);
        traffic.run(traffic.readers, "HTTP consumer", () -> traffic.readInGroup(member));
        return traffic;
    }

    private void run(List<Future<?>> started, String name, Client client) {
        started.add(clients.submit(() -> {
            try {
                client.run();
            } catch (Exception | AssertionError e) {
                failures.add(name + " ended: " + e);
            }
        }));
    }

    /** From now on there are so many. */
    void partitions(int count) {
        partitions = count;
    }

    /** What clients were told, or died of. */
    List<String> failures() {
        return List.copyOf(failures);
    }

    /** How many records were acknowledged in the partition where it is least, of either door. */
    synchronized int leastAcknowledged() {
        return IntStream.range(0, partitions).mapToObj(partition -> new Place(topic, partition))
                .flatMapToInt(place -> IntStream.of(
                        acknowledged.getOrDefault(new DoorAndPlace(true, place), 0),
                        acknowledged.getOrDefault(new DoorAndPlace(false, place), 0)))
                .min().orElse(0);
    }

    synchronized int acknowledged() {
        return acknowledged.values().stream().mapToInt(Integer::intValue).sum();
    }

    synchronized int readByGroup() {
        return readByGroup.size();
    }

    private synchronized void acknowledged(boolean isKafka, Write write, int partition, long offset) {
        Place place = new Place(topic, partition);
        acknowledged.merge(new DoorAndPlace(isKafka, place), 1, Integer::sum);
        events.add(new Event.Acknowledged(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startedNanos), write,
                place, offset));
    }

    private synchronized void add(Event event) {
        events.add(event);
        if (event instanceof Event.Read(int reader, _, _, _, Write write) && reader == GROUP_READER) {
            readByGroup.add(write);
        }
    }

    private void produceByKafka() throws InterruptedException {
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(Map.of(
                "bootstrap.servers", bootstrapServers, "enable.idempotence", true, "acks", "all",
                "metadata.max.age.ms", 1_000), new StringSerializer(), new StringSerializer())) {
            for (long sequence = 0; isWriting; sequence++) {
                Write write = new Write(KAFKA, sequence);
                int partition = (int) (sequence % partitions);
                producer.send(new ProducerRecord<>(topic, partition, BALLAST, "\"" + write + "\""), (stored,
                        failure) -> {
                    if (failure == null) {
                        acknowledged(true, write, partition, stored.offset());
                    } else {
                        add(new Event.Unknown(write));
                        failures.add("Kafka produce: " + failure);
                    }
                });
                TimeUnit.NANOSECONDS.sleep(KAFKA_INTERVAL.toNanos());
            }
        }
    }

    private void produceByHttp(int writer) throws Exception {
        for (long sequence = 0; isWriting; sequence++) {
            Write write = new Write(writer, sequence);
            int partition = (int) ((sequence + writer) % partitions);
            Gateway.Answer answer = gateway.post("/topics/" + topic, Gateway.JSON_RECORDS, Gateway.body(List.of(
                    "{\"partition\":" + partition + ",\"value\":\"" + write + "\"}")));
            JsonNode offset = answer.status() == 200 ? answer.body().get("offsets").get(0).get("offset") : null;
            if (offset != null && offset.isNumber()) {
                acknowledged(false, write, partition, offset.asLong());
            } else {
                add(new Event.Unknown(write));
                failures.add("HTTP produce: " + answer.status() + " " + answer.body());
            }
            TimeUnit.NANOSECONDS.sleep(HTTP_INTERVAL.toNanos());
        }
    }

    private void readByKafka() throws InterruptedException {
        try (KafkaConsumer<String, String> consumer = consumer()) {
            Map<TopicPartition, Long> positions = new HashMap<>();
            while (isReading) {
                if (positions.size() < partitions) {
                    all().forEach(partition -> positions.putIfAbsent(partition, 0L));
                    consumer.assign(positions.keySet());
                    positions.forEach(consumer::seek);
                }
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(200))) {
                    add(read(KAFKA_READER, record));
                    positions.put(new TopicPartition(record.topic(), record.partition()), record.offset() + 1);
                }
                TimeUnit.NANOSECONDS.sleep(READ_PAUSE.toNanos());
            }
        }
    }

    /** Each partition in turn, from the first offset on. */
    private void readByHttp() throws Exception {
        Map<Integer, Long> next = new HashMap<>();
        while (isReading) {
            for (int partition = 0; partition < partitions; partition++) {
                Gateway.Answer answer = gateway.get("/topics/" + topic + "/partitions/" + partition
                        + "/records?timeout=20&offset=" + next.getOrDefault(partition, 0L));
                if (answer.status() != 200) {
                    failures.add("HTTP fetch: " + answer.status() + " " + answer.body());
                    continue;
                }
                for (Delivered record : Gateway.delivered(answer.body())) {
                    add(read(HTTP_READER, record));
                    next.put(partition, record.offset() + 1);
                }
            }
            TimeUnit.NANOSECONDS.sleep(READ_PAUSE.toNanos());
        }
    }

    private void readInGroup(String member) throws Exception {
        while (isReading) {
            for (Delivered record : gateway.poll(member, 200, 1_000_000)) {
                add(read(GROUP_READER, record));
            }
        }
        gateway.delete(member).expect(204);
    }

    private Event.Read read(int reader, Delivered record) {
        return new Event.Read(reader, new Place(topic, record.partition()), record.offset(), Event.NO_EPOCH, Write
                .parse(record.value().asString()));
    }

    private static Event.Read read(int reader, ConsumerRecord<String, String> record) {
        return new Event.Read(reader, new Place(record.topic(), record.partition()), record.offset(), record
                .leaderEpoch().orElse(Event.NO_EPOCH), Write.parse(record.value()));
    }

    private KafkaConsumer<String, String> consumer() {
        return new KafkaConsumer<>(Map.of("bootstrap.servers", bootstrapServers, "auto.offset.reset", "none"),
                new StringDeserializer(), new StringDeserializer());
    }

    private List<TopicPartition> all() {
        return IntStream.range(0, partitions).mapToObj(partition -> new TopicPartition(topic, partition)).toList();
    }

    /** Lets the writers end; the readers go on. */
    void endWriting() throws Exception {
        isWriting = false;
        for (Future<?> writer : writers) {
            writer.get();
        }
    }

    /** Ends the readers, reads all that is there once more, and tells all that was seen. */
    History finish(String bootstrapServersNow) throws Exception {
        isReading = false;
        for (Future<?> reader : readers) {
            reader.get();
        }
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(Map.of("bootstrap.servers",
                bootstrapServersNow, "auto.offset.reset", "none"), new StringDeserializer(),
                new StringDeserializer())) {
            consumer.assign(all());
            Map<TopicPartition, Long> starts = consumer.beginningOffsets(all(), PATIENCE);
            Map<TopicPartition, Long> ends = consumer.endOffsets(all(), PATIENCE);
            all().forEach(partition -> add(new Event.Bounds(new Place(topic, partition.partition()), starts.get(
                    partition), ends.get(partition))));
            starts.forEach(consumer::seek);
            long deadlineNanos = System.nanoTime() + PATIENCE.toNanos();
            // What is not read in time is a gap before its end.
            while (System.nanoTime() - deadlineNanos < 0 && all().stream().anyMatch(partition -> consumer.position(
                    partition) < ends.get(partition))) {
                consumer.poll(Duration.ofMillis(200)).forEach(record -> add(read(History.FINAL_READER, record)));
            }
        }
        synchronized (this) {
            return new History(events, Set.of(KAFKA));
        }
    }

    @Override
    public void close() {
        isWriting = false;
        isReading = false;
        clients.shutdownNow();
        clients.close();
    }
}
