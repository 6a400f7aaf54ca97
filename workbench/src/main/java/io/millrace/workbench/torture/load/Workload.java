package io.millrace.workbench.torture.load;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** All clients of a run. */
public final class Workload {
    private static final int KAFKA_WRITERS = 3;
    private static final int HTTP_WRITERS = 3;
    private static final int KAFKA_READERS = 2;
    /** A group of several, and one of a single member. */
    private static final String SHARED = "torture-shared";
    private static final String SINGLE = "torture-single";

    private Workload() {}

    /**
     * Starts everything but the writers.
     *
     * @param brokers  where each broker itself listens, by id
     * @param gateways base URLs
     * @param pause    of a Kafka consumer before each poll
     */
    public static Clients read(
            String bootstrapServers,
            List<InetSocketAddress> brokers,
            List<String> gateways,
            Duration pause,
            Recorder recorder) {
        Clients clients = new Clients(recorder);
        int reader = 1;
        for (int index = 0; index < KAFKA_READERS; index++, reader++) {
            clients.start("kafka-reader-" + reader, new KafkaReader(reader, bootstrapServers, pause, recorder));
        }
        for (String gateway : gateways) {
            clients.start("http-reader-" + reader, new HttpReader(reader, gateway, recorder));
            reader++;
        }
        clients.start("group-member-0", new GroupMember(SHARED, "m0", false, gateways, recorder));
        clients.start("group-member-1", new GroupMember(SHARED, "m1", false, gateways, recorder));
        clients.start("group-single", new GroupMember(SINGLE, "s", true, gateways, recorder));
        clients.start("group-observer", new GroupObserver(List.of(SHARED, SINGLE), gateways, recorder));
        clients.start("metadata-observer", new MetadataObserver(brokers, recorder));
        return clients;
    }

    /** Starts the writers. */
    public static Clients write(String bootstrapServers, List<String> gateways, Recorder recorder) {
        Clients clients = new Clients(recorder);
        for (int producer : idempotentProducers()) {
            clients.start("kafka-writer-" + producer, new KafkaWriter(producer, bootstrapServers, recorder));
        }
        for (int producer = KAFKA_WRITERS; producer < KAFKA_WRITERS + HTTP_WRITERS; producer++) {
            clients.start("http-writer-" + producer, new HttpWriter(producer, gateways, recorder));
        }
        return clients;
    }

    /** The numbers of those writers that are Kafka producers. */
    public static Set<Integer> idempotentProducers() {
        Set<Integer> numbers = new HashSet<>();
        for (int producer = 0; producer < KAFKA_WRITERS; producer++) {
            numbers.add(producer);
        }
        return numbers;
    }
}
