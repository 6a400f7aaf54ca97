package io.millrace.broker.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.broker.storage.StorageProperties.IdempotencyKeys;
import io.millrace.common.metadata.TopicConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.util.unit.DataSize;

/** What a directory says of itself when a broker registers with it. */
class TailLossTest {
    private static final DirectoryIdentity IDENTITY = new DirectoryIdentity("cluster-a", 1);

    @TempDir
    private Path root;

    @Test
    void a_new_directory_may_lack_what_was_acknowledged() throws IOException {
        try (LogDirectory directory = open()) {
            assertThat(directory.tailLost()).isTrue();
            assertThat(directory.lastBrokerEpoch()).isEmpty();
        }
    }

    @Test
    void an_orderly_stop_loses_nothing_on_whatever_machine() throws IOException {
        try (LogDirectory directory = open()) {
            directory.rememberRegistration(7);
        }
        new RememberedRegistration(7, "another boot").write(root);

        try (LogDirectory directory = open()) {
            assertThat(directory.tailLost()).isFalse();
            assertThat(directory.lastBrokerEpoch()).hasValue(7);
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void a_killed_process_loses_nothing_while_the_machine_runs_on() throws IOException {
        try (LogDirectory directory = open()) {
            directory.rememberRegistration(7);
        }
        Files.delete(root.resolve(CleanShutdown.FILE_NAME));

        try (LogDirectory directory = open()) {
            assertThat(directory.tailLost()).isFalse();
            assertThat(directory.lastBrokerEpoch()).hasValue(7);
        }
    }

    @Test
    void a_machine_that_went_down_may_have_lost_the_tail() throws IOException {
        try (LogDirectory directory = open()) {
            directory.rememberRegistration(7);
        }
        Files.delete(root.resolve(CleanShutdown.FILE_NAME));
        new RememberedRegistration(7, "another boot").write(root);

        try (LogDirectory directory = open()) {
            assertThat(directory.tailLost()).isTrue();
            assertThat(directory.lastBrokerEpoch()).hasValue(7);
        }
    }

    @Test
    void a_failed_disk_tells_once_and_is_not_trusted_at_the_next_start() throws IOException {
        int[] told = {0};
        try (LogDirectory directory = open()) {
            directory.rememberRegistration(7);
            directory.whenFailed(() -> told[0]++);
            // A folder in the place of the file that is written beside it.
            Files.createDirectory(root.resolve(OffsetCheckpoint.RECOVERY_POINTS + ".tmp"));
            directory.checkpoint();
            directory.checkpoint();
            assertThat(directory.failure()).isPresent();
        }
        assertThat(told[0]).isEqualTo(1);
        Files.delete(root.resolve(OffsetCheckpoint.RECOVERY_POINTS + ".tmp"));

        try (LogDirectory directory = open()) {
            assertThat(directory.tailLost()).isTrue();
        }
    }

    @Test
    void a_failure_before_anybody_listens_is_told_too() throws IOException {
        boolean[] told = {false};
        try (LogDirectory directory = open()) {
            Files.createDirectory(root.resolve(OffsetCheckpoint.RECOVERY_POINTS + ".tmp"));
            directory.checkpoint();

            directory.whenFailed(() -> told[0] = true);
        }
        assertThat(told[0]).isTrue();
    }

    @Test
    void the_high_watermark_is_there_again_after_a_restart() throws IOException {
        Uuid topic = Uuid.randomUuid();
        try (LogDirectory directory = open()) {
            directory.getOrCreate("orders", topic, 0, TopicConfig.DEFAULT).truncateFullyAndStartAt(40, 0);
        }

        assertThat(Files.readAllLines(root.resolve("replication-offset-checkpoint"))).containsExactly("0", "1",
                "orders 0 40");
        try (LogDirectory directory = open()) {
            assertThat(directory.log(topic, 0).orElseThrow().highWatermark()).isEqualTo(40);
        }
    }

    private LogDirectory open() throws IOException {
        Duration never = Duration.ofDays(1);
        return LogDirectory.open(new StorageProperties(root, 1, 1, never, never, never, never, Duration.ofDays(30),
                new IdempotencyKeys(
                        Duration.ofMinutes(10), Duration.ofMinutes(1), 1000, DataSize.ofMegabytes(1))), IDENTITY, (_,
                                _) -> TopicConfig.DEFAULT, Clock.systemUTC());
    }
}
