package io.millrace.workbench.bench;

import io.millrace.workbench.peer.KafkaPeer;
import io.millrace.workbench.suite.Progress;
import io.millrace.workbench.suite.Suite;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** One run on a suite of three brokers, every partition on all of them, and with {@code --peer} three brokers of Apache Kafka beside it. */
final class ReplicatedBenchmark {
    private static final int BROKERS = 3;
    private static final int MIN_IN_SYNC = 2;
    private static final int PARTITIONS = 6;
    private static final int ROUNDS = 3;
    private static final int WARM_UP_RECORDS = 500_000;
    private static final int RECORDS_100B = 2_000_000;
    private static final int RECORDS_1KIB = 300_000;

    private ReplicatedBenchmark() {}

    static List<Row> run(Path home, Set<Work> works, boolean withPeer, Progress progress)
            throws IOException, InterruptedException {
        BenchSuite place = BenchSuite.of(home, BROKERS);
        Path directory = place.directory();
        try (Suite suite = place.start();
                KafkaPeer peer = withPeer ? KafkaPeer.startCluster(directory.resolve("kafka"), BROKERS) : null) {
            Turns turns = new Turns(ROUNDS, new KafkaLoad(suite.bootstrapServers(), directory),
                    peer == null ? null : new KafkaLoad(peer.bootstrapServers(), directory));
            List<Row> rows = new ArrayList<>();
            for (Work work : works) {
                rows.add(measureOrReport(turns, work, progress));
            }
            return rows;
        } finally {
            place.delete();
        }
    }

    private static Row measureOrReport(Turns turns, Work work, Progress progress) throws InterruptedException {
        progress.say(work.label());
        try {
            return work == Work.KAFKA_PRODUCE_REPLICATED_100B ? produce(turns, work, RECORDS_100B, 100)
                    : produce(turns, work, RECORDS_1KIB, 1024);
        } catch (IOException | RuntimeException e) {
            progress.say(work.label() + " failed: " + e);
            return Row.failed(work.label(), e);
        }
    }

    private static Row produce(Turns turns, Work work, int records, int sizeBytes)
            throws IOException, InterruptedException {
        return turns.measure(work, "records/s",
                load -> produceToNewTopic(load, "warm-up", WARM_UP_RECORDS, sizeBytes),
                load -> produceToNewTopic(load, work.label(), records, sizeBytes));
    }

    private static Figures produceToNewTopic(KafkaLoad load, String topic, int records, int sizeBytes)
            throws IOException, InterruptedException {
        load.createTopic(topic, PARTITIONS, BROKERS, MIN_IN_SYNC);
        try {
            return load.produce(topic, records, sizeBytes);
        } finally {
            load.deleteTopic(topic);
        }
    }
}
