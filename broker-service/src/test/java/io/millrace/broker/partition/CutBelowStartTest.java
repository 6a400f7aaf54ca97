package io.millrace.broker.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.broker.log.PartitionLog;
import io.millrace.broker.partition.Leadership.Following;
import io.millrace.broker.storage.DirectoryIdentity;
import io.millrace.broker.storage.LogDirectory;
import io.millrace.broker.storage.StorageProperties;
import io.millrace.broker.storage.StorageProperties.IdempotencyKeys;
import io.millrace.common.metadata.BrokerImage;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.metadata.TopicConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.errors.KafkaStorageException;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.util.unit.DataSize;

/** Broker 1 has ten records, of which the first eight are deleted, and follows one that was elected uncleanly and has five, none of them deleted. */
class CutBelowStartTest {
    private static final long NOW_MS = 1_700_000_000_000L;
    private static final Uuid TOPIC_ID = new Uuid(7, 7);
    private static final Following FIRST = new Following(1, 2);
    private static final Following SECOND = new Following(2, 2);

    @TempDir
    private Path root;

    @Test
    void records_below_a_former_log_start_are_there_after_a_crash() throws IOException {
        Path copy = root.resolve("copy");
        try (LogDirectory logs = open(root.resolve("original"))) {
            Partition partition = withDeletedRecords(logs);

            assertThat(partition.cutDiverging(SECOND, 10, 1, 5, NOW_MS)).isTrue();
            append(partition, SECOND, 5, 10, 0);
            copy(root.resolve("original"), copy);
        }

        try (LogDirectory logs = open(copy)) {
            PartitionLog log = logs.log(TOPIC_ID, 0).orElseThrow();
            assertThat(log.logStartOffset()).isEqualTo(5);
            assertThat(log.logEndOffset()).isEqualTo(10);
        }
    }

    @Test
    void a_start_that_cannot_be_written_down_is_no_success() throws IOException {
        try (LogDirectory logs = open(root)) {
            Partition partition = withDeletedRecords(logs);
            Files.createDirectory(root.resolve("log-start-offset-checkpoint.tmp"));

            assertThatThrownBy(() -> partition.cutDiverging(SECOND, 10, 1, 5, NOW_MS)).isInstanceOf(
                    KafkaStorageException.class);
        }
    }

    private static Partition withDeletedRecords(LogDirectory logs) {
        PartitionLog log = logs.getOrCreate("orders", TOPIC_ID, 0, TopicConfig.DEFAULT);
        Partition partition = new Partition(TOPIC_ID, "orders", 0, log, new PartitionContext(1, 10_000, () -> 0,
                () -> {}, logs::rememberOffsets), Partition.NEVER_HERE);
        become(partition, 1);
        append(partition, FIRST, 0, 10, 8);
        assertThat(log.logStartOffset()).isEqualTo(8);
        logs.rememberOffsets();
        become(partition, 2);
        return partition;
    }

    private static void become(Partition partition, int leaderEpoch) {
        assertThat(partition.become(new PartitionImage(0, List.of(1, 2), List.of(2), 2, leaderEpoch, leaderEpoch), Map
                .of(1, broker(1), 2, broker(2)), true)).isTrue();
    }

    private static void append(Partition partition, Following as, long from, long to, long leadersStart) {
        for (long offset = from; offset < to; offset++) {
            MemoryRecords record = MemoryRecords.withRecords(offset, Compression.NONE, as.leaderEpoch(),
                    new SimpleRecord(NOW_MS, "a".getBytes()));
            assertThat(partition.appendAsFollower(as, offset, record, offset + 1, leadersStart, NOW_MS)).isEqualTo(
                    Errors.NONE);
        }
    }

    private static BrokerImage broker(int id) {
        return new BrokerImage(id, 10 + id, "localhost", 9092 + id, "http://localhost:" + id, false);
    }

    private static LogDirectory open(Path path) throws IOException {
        Duration never = Duration.ofDays(1);
        return LogDirectory.open(new StorageProperties(path, 1, 1, never, never, never, never, never,
                new IdempotencyKeys(
                        Duration.ofMinutes(10), Duration.ofMinutes(1), 1000, DataSize.ofMegabytes(1))),
                new DirectoryIdentity(
                        "cluster-a", 1), (_, _) -> TopicConfig.DEFAULT, Clock.systemUTC());
    }

    private static void copy(Path from, Path to) throws IOException {
        try (var files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Path target = to.resolve(from.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(file, target);
                }
            }
        }
    }
}
