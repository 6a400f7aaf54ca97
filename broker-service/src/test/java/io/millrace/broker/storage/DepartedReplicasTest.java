package io.millrace.broker.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.broker.storage.StorageProperties.IdempotencyKeys;
import io.millrace.common.metadata.TopicConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.util.unit.DataSize;

/** What a data directory remembers of replicas that went to other brokers; the process is killed where its directory is copied. */
class DepartedReplicasTest {
    private static final Duration NEVER = Duration.ofDays(1);

    private final Uuid topicId = Uuid.randomUuid();

    @TempDir
    private Path root;

    @BeforeEach
    void begin() throws IOException {
        try (LogDirectory directory = open("first")) {
            directory.rememberRegistration(7);
        }
    }

    @Test
    void a_log_that_was_in_sync_is_whole_after_a_kill() throws IOException {
        try (LogDirectory directory = open("first")) {
            inSync(directory);
            kill();
        }

        try (LogDirectory directory = open("killed")) {
            assertThat(directory.replicas().isWhole(topicId, 0)).isTrue();
        }
    }

    @Test
    void a_log_that_is_created_in_the_place_of_one_that_went_is_not_whole_after_a_kill() throws IOException {
        try (LogDirectory directory = open("first")) {
            inSync(directory);
            directory.delete(directory.partitions());
            directory.getOrCreate("orders", topicId, 0, TopicConfig.DEFAULT);
            kill();
        }

        try (LogDirectory directory = open("killed")) {
            assertThat(directory.replicas().isWhole(topicId, 0)).isFalse();
        }
    }

    @Test
    void in_which_epoch_a_replica_went_is_known_until_it_is_in_sync_again() throws IOException {
        try (LogDirectory directory = open("first")) {
            inSync(directory);
            directory.replicas().rememberMoved(Map.of(directory.partitions().getFirst(), 5));
            directory.delete(directory.partitions());
            kill();
        }

        try (LogDirectory directory = open("killed")) {
            assertThat(directory.replicas().movedInEpoch(topicId, 0)).hasValue(5);
            inSync(directory);
            assertThat(directory.replicas().movedInEpoch(topicId, 0)).isEmpty();
        }
        try (LogDirectory directory = open("killed")) {
            assertThat(directory.replicas().movedInEpoch(topicId, 0)).isEmpty();
        }
    }

    @Test
    void that_a_replica_went_is_forgotten_after_as_long_as_is_set() throws IOException {
        Uuid other = Uuid.randomUuid();
        long nowMs = System.currentTimeMillis();
        Files.writeString(root.resolve("first").resolve("moved-replicas"), """
                %s 0 5 %d
                %s 1 6 %d
                %s 0 7
                """.formatted(topicId, nowMs - Duration.ofDays(31).toMillis(), topicId, nowMs - Duration.ofDays(29)
                .toMillis(), other));
        try (LogDirectory directory = open("first")) {
            directory.retain();

            assertThat(directory.replicas().movedInEpoch(topicId, 0)).isEmpty();
            assertThat(directory.replicas().movedInEpoch(topicId, 1)).hasValue(6);
            assertThat(directory.replicas().movedInEpoch(other, 0)).as("of a version before, which wrote no time")
                    .hasValue(7);
        }
        try (LogDirectory directory = open("first")) {
            assertThat(directory.replicas().movedInEpoch(topicId, 0)).isEmpty();
            assertThat(directory.replicas().movedInEpoch(topicId, 1)).hasValue(6);
        }
    }

    private void inSync(LogDirectory directory) {
        directory.getOrCreate("orders", topicId, 0, TopicConfig.DEFAULT);
        directory.replicas().markWhole(topicId, 0);
        directory.replicas().rememberWhole();
    }

    private LogDirectory open(String name) throws IOException {
        return LogDirectory.open(new StorageProperties(root.resolve(name), 1, 1, NEVER, NEVER, NEVER, NEVER,
                Duration.ofDays(30), new IdempotencyKeys(Duration.ofMinutes(10), Duration.ofMinutes(1), 1000, DataSize
                        .ofMegabytes(1))),
                new DirectoryIdentity("cluster-a", 1), (_, _) -> TopicConfig.DEFAULT, Clock.systemUTC());
    }

    private void kill() throws IOException {
        Path first = root.resolve("first");
        try (Stream<Path> files = Files.walk(first)) {
            for (Path file : files.toList()) {
                Files.copy(file, root.resolve("killed").resolve(first.relativize(file)));
            }
        }
    }
}
