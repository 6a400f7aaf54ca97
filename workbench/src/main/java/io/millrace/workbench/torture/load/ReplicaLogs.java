package io.millrace.workbench.torture.load;

import io.millrace.workbench.suite.SuiteDirectories;
import io.millrace.workbench.torture.check.Event;
import io.millrace.workbench.torture.check.Place;
import io.millrace.workbench.torture.check.Write;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.apache.kafka.common.record.internal.FileRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;

/** Reads what each broker keeps of each partition from its files, once all brokers are stopped: clients see the leaders' logs only. */
public final class ReplicaLogs {
    private static final int FIRST_READER = 1_000;

    private ReplicaLogs() {}

    /** Each replica is one more reader, which must have seen the same as all others. */
    public static void read(SuiteDirectories directories, int brokers, Recorder recorder) throws IOException {
        for (Place place : Topics.places()) {
            int replicas = 0;
            for (int broker = 0; broker < brokers; broker++) {
                Path folder = directories.broker(broker).resolve(place.toString());
                if (Files.isDirectory(folder)) {
                    read(folder, place, FIRST_READER + broker, recorder);
                    replicas++;
                }
            }
            if (replicas < Topics.REPLICATION_FACTOR) {
                recorder.broken("only " + replicas + " brokers have a log of " + place);
            }
        }
    }

    private static void read(Path folder, Place place, int reader, Recorder recorder) throws IOException {
        List<Path> segments;
        try (Stream<Path> files = Files.list(folder)) {
            segments = files.filter(file -> file.toString().endsWith(".log")).sorted().toList();
        }
        for (Path segment : segments) {
            try (FileRecords records = FileRecords.open(segment.toFile(), false)) {
                for (RecordBatch batch : records.batches()) {
                    for (Record record : batch) {
                        String value = StandardCharsets.UTF_8.decode(record.value()).toString();
                        recorder.add(new Event.Read(reader, place, record.offset(), batch.partitionLeaderEpoch(),
                                Write.parse(value)));
                    }
                }
            }
        }
    }
}
