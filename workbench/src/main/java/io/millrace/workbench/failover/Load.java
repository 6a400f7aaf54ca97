package io.millrace.workbench.failover;

import io.millrace.workbench.torture.check.History;
import io.millrace.workbench.torture.check.Place;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/**
 * Records at a steady rate by each door into one topic, and readers that follow them. Each partition is judged by itself: as many partitions as brokers, so
 * that each broker leads one.
 */
final class Load implements AutoCloseable {
    /** Enough that each has a whole answer's time to wait for an answer. */
    private static final int HTTP_WRITERS_PER_PARTITION = 4;
    private static final Duration CHECK_INTERVAL = Duration.ofMillis(5);
    /** With a hundred writes a second in each partition none is quiet for that long unless something is wrong. */
    private static final Duration FLOWING = Duration.ofMillis(250);
    private static final Duration END_TIMEOUT = Duration.ofSeconds(150);
    private static final Duration FINAL_READ_TIMEOUT = Duration.ofSeconds(60);

    private final Cluster cluster;
    private final Topic topic;
    private final Journal journal = new Journal();
    private final List<Place> places;
    private final List<Thread> writers = new ArrayList<>();
    private final List<Thread> readers = new ArrayList<>();

    private Load(Cluster cluster, Topic topic) {
        this.cluster = cluster;
        this.topic = topic;
        this.places = IntStream.range(0, topic.partitions())
                .mapToObj(partition -> new Place(topic.name(), partition)).toList();
    }

    /** @param recordsPerSecond by each door; a few hundred at least */
    static Load start(Cluster cluster, Topic topic, int recordsPerSecond) {
        Load load = new Load(cluster, topic);
        String kafka = cluster.bootstrapServers();
        Duration second = Duration.ofSeconds(1);
        load.run(load.writers, new KafkaProducing(kafka, topic.name(), topic.partitions(),
                second.dividedBy(recordsPerSecond), load.journal));
        int reader = History.FINAL_READER + 1;
        load.run(load.readers, new KafkaReading(reader, kafka, topic.name(), topic.partitions(), load.journal));
        String gateway = cluster.gatewayUrl();
        if (gateway != null) {
            HttpCalls calls = new HttpCalls(gateway);
            int lanes = HTTP_WRITERS_PER_PARTITION * topic.partitions();
            for (int lane = 0; lane < lanes; lane++) {
                load.run(load.writers, new HttpProducing(KafkaProducing.WRITER + 1 + lane, calls,
                        load.places.get(lane % topic.partitions()),
                        second.multipliedBy(lanes).dividedBy(recordsPerSecond), load.journal));
            }
            for (Place place : load.places) {
                load.run(load.readers, new HttpReading(++reader, calls, place, load.journal));
            }
        }
        return load;
    }

    private void run(List<Thread> threads, Client client) {
        threads.add(Thread.ofPlatform().daemon().name(client.getClass().getSimpleName()).start(() -> {
            try {
                client.run();
            } catch (InterruptedException e) {
                // asked to end
            }
        }));
    }

    Journal journal() {
        return journal;
    }

    Set<Door> doors() {
        return cluster.gatewayUrl() == null ? EnumSet.of(Door.KAFKA) : EnumSet.allOf(Door.class);
    }

    /** Waits this long at least, and then until every partition is written to by every door; refuses when that takes too long. */
    void awaitFlowing(Duration atLeast, Duration atMost) throws IOException, InterruptedException {
        long startedNanos = System.nanoTime();
        TimeUnit.NANOSECONDS.sleep(atLeast.toNanos());
        while (!journal.isFlowingSince(System.nanoTime() - FLOWING.toNanos(), doors(), places)) {
            if (System.nanoTime() - startedNanos > atMost.toNanos()) {
                throw new IOException("no acknowledgements in every partition within " + atMost.toSeconds() + " s");
            }
            TimeUnit.NANOSECONDS.sleep(CHECK_INTERVAL.toNanos());
        }
    }

    /** Ends the writers when they have their answers, and reads all that is there. */
    void finish() throws InterruptedException {
        end(writers);
        end(readers);
        new KafkaReading(History.FINAL_READER, cluster.bootstrapServers(), topic.name(), topic.partitions(), journal)
                .readAll(FINAL_READ_TIMEOUT);
    }

    private static void end(List<Thread> threads) throws InterruptedException {
        threads.forEach(Thread::interrupt);
        for (Thread thread : threads) {
            thread.join(END_TIMEOUT);
        }
    }

    @Override
    public void close() {
        writers.forEach(Thread::interrupt);
        readers.forEach(Thread::interrupt);
    }
}
