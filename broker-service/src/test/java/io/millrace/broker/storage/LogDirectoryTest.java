package io.millrace.broker.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.millrace.broker.log.AppendResult;
import io.millrace.broker.log.PartitionLog;
import io.millrace.broker.log.ReadResult;
import io.millrace.broker.storage.LogDirectory.LocalPartition;
import io.millrace.broker.storage.StorageProperties.IdempotencyKeys;
import io.millrace.common.metadata.TopicConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.Thread.State;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.errors.KafkaStorageException;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;
import org.springframework.util.unit.DataSize;

class LogDirectoryTest {
    private static final DirectoryIdentity IDENTITY = new DirectoryIdentity("cluster-a", 1);
    private static final TopicConfig NO_DELAY = ((TopicConfig.Parsed.Valid) TopicConfig.parse(Map.of(
            "file.delete.delay.ms", "0"))).config();
    private static final Duration NEVER = Duration.ofDays(1);
    private static final Duration OFTEN = Duration.ofMillis(10);
    /** Far more than is needed, even on a machine that does ten other things. */
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    @TempDir
    private Path root;

    private final Uuid topicId = Uuid.randomUuid();

    @Test
    void records_are_there_again_after_an_orderly_restart() throws IOException {
        try (LogDirectory directory = open(NEVER)) {
            append(directory.getOrCreate("orders", topicId, 0, TopicConfig.DEFAULT), "a", "b");
            append(directory.getOrCreate("orders", topicId, 3, TopicConfig.DEFAULT), "c");
        }
        assertThat(root.resolve(CleanShutdown.FILE_NAME)).exists();

        try (LogDirectory directory = open(NEVER)) {
            assertThat(root.resolve(CleanShutdown.FILE_NAME)).doesNotExist();
            assertThat(directory.partitions()).containsExactlyInAnyOrder(new LocalPartition(topicId, "orders", 0),
                    new LocalPartition(topicId, "orders", 3));
            assertThat(values(directory.log(topicId, 0).orElseThrow())).containsExactly("a", "b");
            assertThat(values(directory.log(topicId, 3).orElseThrow())).containsExactly("c");
            assertThat(directory.log(topicId, 0).orElseThrow().highWatermark()).isEqualTo(2);
        }
    }

    @Test
    void records_are_there_again_after_a_killed_process() throws IOException {
        Path copy = root.resolve("copy");
        try (LogDirectory directory = open(root.resolve("original"), NEVER)) {
            append(directory.getOrCreate("orders", topicId, 0, TopicConfig.DEFAULT), "a", "b");
            copy(root.resolve("original"), copy);
        }

        try (LogDirectory directory = open(copy, NEVER)) {
            assertThat(values(directory.log(topicId, 0).orElseThrow())).containsExactly("a", "b");
        }
    }

    @Test
    void where_a_log_starts_is_written_down_before_its_leader_hears_of_it() throws IOException {
        Path copy = root.resolve("copy");
        try (LogDirectory directory = open(root.resolve("original"), NEVER)) {
            PartitionLog log = directory.getOrCreate("orders", topicId, 0, TopicConfig.DEFAULT);
            append(log, "a");
            append(log, "b");
            assertThat(directory.beforeFetch(topicId, 0)).as("nothing has moved").isCompleted();

            assertThat(log.deleteRecordsBefore(1)).isTrue();
            directory.beforeFetch(topicId, 0).join();
            copy(root.resolve("original"), copy);
            assertThat(directory.beforeFetch(topicId, 0)).as("nothing is written twice").isCompleted();
        }

        try (LogDirectory directory = open(copy, NEVER)) {
            assertThat(values(directory.log(topicId, 0).orElseThrow())).containsExactly("b");
        }
    }

    @Test
    void log_starts_are_remembered_without_writing_anything_else() throws IOException {
        try (LogDirectory directory = open(NEVER)) {
            PartitionLog log = directory.getOrCreate("orders", topicId, 0, TopicConfig.DEFAULT);
            append(log, "a");
            Files.delete(root.resolve(OffsetCheckpoint.RECOVERY_POINTS));
            Files.delete(root.resolve(OffsetCheckpoint.HIGH_WATERMARKS));
            assertThat(log.deleteRecordsBefore(1)).isTrue();

            directory.rememberLogStarts();

            assertThat(root.resolve(OffsetCheckpoint.LOG_STARTS)).content().contains("orders 0 1");
            assertThat(root.resolve(OffsetCheckpoint.RECOVERY_POINTS)).doesNotExist();
            assertThat(root.resolve(OffsetCheckpoint.HIGH_WATERMARKS)).doesNotExist();
        }
    }

    @Test
    void that_log_starts_cannot_be_remembered_fails_the_directory_and_who_asked() throws IOException {
        try (LogDirectory directory = open(NEVER)) {
            PartitionLog log = directory.getOrCreate("orders", topicId, 0, TopicConfig.DEFAULT);
            append(log, "a");
            assertThat(log.deleteRecordsBefore(1)).isTrue();
            Files.createDirectory(root.resolve(OffsetCheckpoint.LOG_STARTS + ".tmp"));

            assertThatThrownBy(directory::rememberLogStarts).isInstanceOf(KafkaStorageException.class);
            assertThat(directory.failure()).isPresent();
            assertThat(directory.beforeFetch(topicId, 0)).failsWithin(PATIENCE);
        }
    }

    @Test
    void a_directory_in_use_is_refused() throws IOException {
        try (LogDirectory _ = open(NEVER)) {
            assertThatThrownBy(() -> open(NEVER)).isInstanceOf(ForeignDirectoryException.class).hasMessageContaining(
                    "in use");
        }
    }

    @Test
    void a_directory_of_another_broker_or_cluster_is_refused() throws IOException {
        open(NEVER).close();

        assertThatThrownBy(() -> LogDirectory.open(properties(root, NEVER), new DirectoryIdentity("cluster-a", 2), (_,
                _) -> TopicConfig.DEFAULT,
                Clock.systemUTC())).isInstanceOf(ForeignDirectoryException.class).hasMessageContaining(
                        "holds data of broker 1");
        assertThatThrownBy(() -> LogDirectory.open(properties(root, NEVER), new DirectoryIdentity("cluster-b", 1), (_,
                _) -> TopicConfig.DEFAULT,
                Clock.systemUTC())).isInstanceOf(ForeignDirectoryException.class).hasMessageContaining(
                        "cluster cluster-a");
    }

    @Test
    void the_directory_keeps_its_id() throws IOException {
        Uuid first;
        try (LogDirectory directory = open(NEVER)) {
            first = directory.directoryId();
        }
        try (LogDirectory directory = open(NEVER)) {
            assertThat(directory.directoryId()).isEqualTo(first);
        }
    }

    @Test
    void a_topic_created_again_under_the_same_name_begins_empty() throws IOException {
        Uuid secondId = Uuid.randomUuid();
        try (LogDirectory directory = open(NEVER)) {
            append(directory.getOrCreate("orders", topicId, 0, TopicConfig.DEFAULT), "old", "old", "old");
            directory.checkpoint();
            PartitionLog second = directory.getOrCreate("orders", secondId, 0, TopicConfig.DEFAULT);
            append(second, "new");

            assertThat(values(second)).containsExactly("new");
            assertThat(directory.log(topicId, 0)).isEmpty();
        }
        try (LogDirectory directory = open(NEVER)) {
            assertThat(directory.partitions()).containsExactly(new LocalPartition(secondId, "orders", 0));
            assertThat(values(directory.log(secondId, 0).orElseThrow())).containsExactly("new");
        }
    }

    @Test
    void offsets_of_a_deleted_topic_do_not_reach_its_namesake_after_a_crash() throws IOException {
        Uuid secondId = Uuid.randomUuid();
        Path copy = root.resolve("copy");
        try (LogDirectory directory = open(root.resolve("original"), NEVER)) {
            PartitionLog first = directory.getOrCreate("orders", topicId, 0, TopicConfig.DEFAULT);
            append(first, "old", "old", "old");
            first.deleteRecordsBefore(3);
            directory.checkpoint();
            directory.delete(List.of(new LocalPartition(topicId, "orders", 0)));
            append(directory.getOrCreate("orders", secondId, 0, TopicConfig.DEFAULT), "new");
            copy(root.resolve("original"), copy);
        }

        try (LogDirectory directory = open(copy, NEVER)) {
            assertThat(values(directory.log(secondId, 0).orElseThrow())).containsExactly("new");
        }
    }

    @Test
    void a_deleted_partition_can_be_read_to_the_end_by_who_began_before() throws IOException {
        try (LogDirectory directory = open(NEVER)) {
            PartitionLog log = directory.getOrCreate("orders", topicId, 0, TopicConfig.DEFAULT);
            append(log, "a");
            ReadResult.Data data = (ReadResult.Data) log.read(0, 1000, true, 1);

            directory.delete(List.of(new LocalPartition(topicId, "orders", 0)));

            assertThat(directory.log(topicId, 0)).isEmpty();
            assertThat(data.records().records()).hasSize(1);
            assertThat(root.resolve("orders-0")).doesNotExist();
        }
    }

    @Test
    void files_of_a_deleted_partition_go_when_their_delay_is_over() throws IOException {
        try (LogDirectory directory = open(OFTEN)) {
            append(directory.getOrCreate("orders", topicId, 0, NO_DELAY), "a");

            directory.delete(List.of(new LocalPartition(topicId, "orders", 0)));

            Awaitility.await().atMost(PATIENCE).untilAsserted(() -> assertThat(root.toFile().list((_, name) -> name
                    .startsWith(
                            "orders"))).isEmpty());
        }
    }

    @Test
    void a_topic_with_the_longest_legal_name_can_be_deleted() throws IOException {
        String longest = "t".repeat(249);
        try (LogDirectory directory = open(NEVER)) {
            append(directory.getOrCreate(longest, topicId, 0, TopicConfig.DEFAULT), "a");

            directory.delete(List.of(new LocalPartition(topicId, longest, 0)));

            assertThat(directory.failure()).isEmpty();
            assertThat(directory.partitions()).isEmpty();
            assertThat(root.resolve(longest + "-0")).doesNotExist();
        }
        assertThat(root.toFile().list((_, name) -> name.startsWith("t"))).isEmpty();
    }

    @Test
    void a_partition_that_cannot_be_moved_away_does_not_fail_the_directory() throws IOException {
        Uuid other = Uuid.randomUuid();
        try (LogDirectory directory = open(NEVER)) {
            PartitionLog stuck = directory.getOrCreate("orders", topicId, 0, TopicConfig.DEFAULT);
            append(directory.getOrCreate("payments", other, 0, TopicConfig.DEFAULT), "a");
            Path elsewhere = Files.move(root.resolve("orders-0"), root.resolve("elsewhere"));

            directory.delete(List.of(new LocalPartition(topicId, "orders", 0), new LocalPartition(other, "payments",
                    0)));

            assertThat(directory.failure()).isEmpty();
            assertThat(directory.log(topicId, 0)).contains(stuck);
            assertThat(directory.log(other, 0)).isEmpty();
            assertThatThrownBy(() -> directory.getOrCreate("orders", Uuid.randomUuid(), 0, TopicConfig.DEFAULT))
                    .isInstanceOf(KafkaStorageException.class);
            Files.move(elsewhere, root.resolve("orders-0"));
        }
    }

    @Test
    void deleting_a_partition_under_work_does_not_fail_the_directory() throws Exception {
        try (LogDirectory directory = open(NEVER)) {
            for (int round = 0; round < 20; round++) {
                Uuid id = Uuid.randomUuid();
                PartitionLog log = directory.getOrCreate("orders", id, 0, TopicConfig.DEFAULT);
                append(log, "a");
                AtomicBoolean deleted = new AtomicBoolean();
                CountDownLatch working = new CountDownLatch(1);
                CompletableFuture<Void> work = CompletableFuture.runAsync(() -> {
                    while (!deleted.get()) {
                        append(log, "b");
                        log.roll(System.currentTimeMillis());
                        log.flush(log.logEndOffset());
                        working.countDown();
                    }
                });
                working.await();

                directory.delete(List.of(new LocalPartition(id, "orders", 0)));

                deleted.set(true);
                work.join();
                assertThat(log.failed()).isFalse();
                assertThat(directory.failure()).isEmpty();
            }
        }
    }

    @Test
    void the_checkpoints_are_written_once_however_many_partitions_are_deleted() throws Exception {
        try (LogDirectory directory = open(NEVER); WatchService watch = root.getFileSystem().newWatchService()) {
            for (int partition = 0; partition < 3; partition++) {
                directory.getOrCreate("orders", topicId, partition, TopicConfig.DEFAULT);
            }
            root.register(watch, StandardWatchEventKinds.ENTRY_CREATE);

            directory.delete(directory.partitions());
            Files.createFile(root.resolve("end"));

            List<String> created = new ArrayList<>();
            while (!created.contains("end")) {
                WatchKey key = watch.take();
                key.pollEvents().forEach(event -> created.addAll(Collections.nCopies(event.count(), event.context()
                        .toString())));
                key.reset();
            }
            assertThat(created).containsOnlyOnce(OffsetCheckpoint.RECOVERY_POINTS + ".tmp");
            assertThat(Files.readString(root.resolve(OffsetCheckpoint.RECOVERY_POINTS))).isEqualTo("0\n0\n");
        }
    }

    @Test
    void what_was_set_aside_stays_on_disk_whole_and_is_served_no_more() throws IOException {
        try (LogDirectory directory = open(OFTEN)) {
            append(directory.getOrCreate("orders", topicId, 0, NO_DELAY), "a", "b");

            directory.setAside(directory.partitions());

            assertThat(directory.partitions()).isEmpty();
            assertThat(root.toFile().list((_, name) -> name.startsWith("orders"))).singleElement(
                    InstanceOfAssertFactories.STRING).endsWith("-stray");
        }
        open(NEVER).close();
        String folder = root.toFile().list((_, name) -> name.startsWith("orders"))[0];
        Files.move(root.resolve(folder), root.resolve("orders-0"));
        try (LogDirectory directory = open(NEVER)) {
            assertThat(values(directory.log(topicId, 0).orElseThrow())).containsExactly("a", "b");
        }
    }

    @Test
    void what_was_set_aside_is_removed_when_it_was_kept_for_as_long_as_is_set() throws IOException {
        Path old = Files.createDirectories(root.resolve("bills-0.abc-stray"));
        Files.createFile(old.resolve("00000000000000000000.log"));
        Files.setLastModifiedTime(old, FileTime.from(Instant.now().minus(Duration.ofDays(31))));
        Path young = Files.createDirectories(root.resolve("bills-1.abc-stray"));
        Files.setLastModifiedTime(young, FileTime.from(Instant.now().minus(Duration.ofDays(29))));
        try (LogDirectory directory = open(NEVER)) {
            append(directory.getOrCreate("orders", topicId, 0, NO_DELAY), "a", "b");
            directory.setAside(directory.partitions());

            directory.retain();
            directory.retain();

            assertThat(root.toFile().list((_, name) -> name.endsWith("-stray"))).hasSize(2).anyMatch(name -> name
                    .startsWith("orders-0")).contains("bills-1.abc-stray");
        }
    }

    @Test
    void data_of_a_namesake_that_nobody_deleted_is_set_aside() throws IOException {
        try (LogDirectory directory = open(NEVER)) {
            append(directory.getOrCreate("orders", topicId, 0, TopicConfig.DEFAULT), "old");

            directory.getOrCreate("orders", Uuid.randomUuid(), 0, TopicConfig.DEFAULT);

            assertThat(root.toFile().list((_, name) -> name.endsWith("-stray"))).hasSize(1);
        }
    }

    @Test
    void closing_waits_for_housekeeping_without_holding_what_housekeeping_needs() throws Exception {
        LogDirectory directory = open(OFTEN);
        Thread closing = new Thread(() -> {
            try {
                directory.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        synchronized (directory) {
            Awaitility.await().atMost(PATIENCE).until(() -> Thread.getAllStackTraces().keySet().stream().anyMatch(
                    thread -> thread.getName().equals("log-housekeeping") && thread.getState() == State.BLOCKED));
            closing.start();
            Awaitility.await().atMost(PATIENCE).until(() -> List.of(State.WAITING, State.TIMED_WAITING).contains(closing
                    .getState()));
        }
        closing.join(PATIENCE);
        assertThat(closing.isAlive()).isFalse();
        assertThat(root.resolve(CleanShutdown.FILE_NAME)).exists();
    }

    @Test
    void a_fresh_directory_is_not_said_to_have_been_shut_down() throws IOException {
        List<String> said = said(() -> open(NEVER).close());

        assertThat(said).anyMatch(line -> line.contains("holds no logs yet")).noneMatch(line -> line.contains(
                "unclean shutdown"));
    }

    @Test
    void what_recovery_cuts_is_said_in_the_log() throws IOException {
        open(NEVER).close();
        try (LogDirectory directory = open(NEVER)) {
            append(directory.getOrCreate("orders", topicId, 0, TopicConfig.DEFAULT), "a");
        }
        Files.write(root.resolve("orders-0/00000000000000000000.log"), new byte[9], StandardOpenOption.APPEND);

        List<String> said = said(() -> {
            try (LogDirectory directory = open(NEVER)) {
                assertThat(values(directory.log(topicId, 0).orElseThrow())).containsExactly("a");
            }
        });

        assertThat(said).anyMatch(line -> line.startsWith("WARN") && line.contains(
                "9 bytes of 00000000000000000000.log"));
    }

    /** Something that is done to the directory. */
    @FunctionalInterface
    private interface Deed {
        void run() throws IOException;
    }

    /** What is logged of this directory meanwhile, with its level; other tests log, too. */
    private List<String> said(Deed deed) throws IOException {
        var logger = (Logger) LoggerFactory.getLogger(LogDirectory.class);
        var appender = new ListAppender<ILoggingEvent>();
        appender.start();
        logger.addAppender(appender);
        try {
            deed.run();
        } finally {
            logger.detachAppender(appender);
        }
        return appender.list.stream().map(event -> event.getLevel() + " " + event.getFormattedMessage())
                .filter(line -> line.contains(root.toString())).toList();
    }

    @Test
    void every_append_is_durable_before_it_is_acknowledged_when_flush_messages_is_one() throws IOException {
        TopicConfig config = ((TopicConfig.Parsed.Valid) TopicConfig.parse(Map.of("flush.messages", "1"))).config();
        try (LogDirectory directory = open(NEVER)) {
            PartitionLog log = directory.getOrCreate("orders", topicId, 0, config);
            List<CompletableFuture<Void>> acknowledgements = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                append(log, "v" + i);
                acknowledgements.add(directory.afterAppend(topicId, 0));
            }

            acknowledgements.forEach(CompletableFuture::join);

            assertThat(log.recoveryPoint()).isEqualTo(20);
        }
    }

    @Test
    void flush_ms_and_checkpoints_are_honoured_in_the_background() throws IOException {
        TopicConfig config = ((TopicConfig.Parsed.Valid) TopicConfig.parse(Map.of("flush.ms", "1"))).config();
        try (LogDirectory directory = open(OFTEN)) {
            append(directory.getOrCreate("orders", topicId, 0, config), "a", "b");

            Awaitility.await().atMost(PATIENCE).untilAsserted(
                    () -> assertThat(Files.readString(root.resolve(OffsetCheckpoint.RECOVERY_POINTS))).isEqualTo(
                            "0\n1\norders 0 2\n"));
            assertThat(directory.failure()).isEmpty();
        }
    }

    @Test
    void a_folder_without_an_id_is_an_unfinished_creation_and_removed() throws IOException {
        open(NEVER).close();
        Files.createDirectory(root.resolve("orders-0"));

        try (LogDirectory directory = open(NEVER)) {
            assertThat(directory.partitions()).isEmpty();
            assertThat(root.toFile().list((_, name) -> name.startsWith("orders"))).isEmpty();
        }
    }

    @Test
    void dashes_and_dots_in_topic_names_are_no_trouble() throws IOException {
        try (LogDirectory directory = open(NEVER)) {
            append(directory.getOrCreate("a-1.b_2-3", topicId, 12, TopicConfig.DEFAULT), "a");
        }
        try (LogDirectory directory = open(NEVER)) {
            assertThat(directory.partitions()).containsExactly(new LocalPartition(topicId, "a-1.b_2-3", 12));
            assertThat(values(directory.log(topicId, 12).orElseThrow())).containsExactly("a");
        }
    }

    @Test
    void a_sealed_segment_is_flushed_in_the_background_without_being_asked() throws IOException {
        try (LogDirectory directory = open(OFTEN)) {
            PartitionLog log = directory.getOrCreate("orders", topicId, 0, TopicConfig.DEFAULT);
            append(log, "a", "b");
            log.roll(System.currentTimeMillis());
            append(log, "c");

            Awaitility.await().atMost(PATIENCE).untilAsserted(() -> assertThat(log.recoveryPoint()).isEqualTo(2));
        }
    }

    @Test
    void after_a_disk_failure_nothing_is_created_and_the_shutdown_is_not_clean() throws IOException {
        try (LogDirectory directory = open(NEVER)) {
            Files.createFile(root.resolve("orders-0"));

            assertThatThrownBy(() -> directory.getOrCreate("orders", topicId, 0, TopicConfig.DEFAULT)).isInstanceOf(
                    KafkaStorageException.class);

            assertThat(directory.failure()).isPresent();
            assertThatThrownBy(() -> directory.getOrCreate("payments", Uuid.randomUuid(), 0, TopicConfig.DEFAULT))
                    .isInstanceOf(KafkaStorageException.class).hasMessageContaining("failed");
        }
        assertThat(root.resolve(CleanShutdown.FILE_NAME)).doesNotExist();
    }

    @Test
    void settings_changed_for_a_topic_reach_its_logs() throws IOException {
        TopicConfig smaller = ((TopicConfig.Parsed.Valid) TopicConfig.parse(Map.of("max.message.bytes", "10")))
                .config();
        try (LogDirectory directory = open(NEVER)) {
            PartitionLog log = directory.getOrCreate("orders", topicId, 0, TopicConfig.DEFAULT);

            directory.updateConfig(topicId, smaller);

            assertThat(log.config()).isEqualTo(smaller);
        }
    }

    @Test
    void a_damaged_checkpoint_stops_the_start_with_its_name() throws IOException {
        open(NEVER).close();
        Files.writeString(root.resolve(OffsetCheckpoint.LOG_STARTS), "0\n2\norders 0 7\n");

        assertThatThrownBy(() -> open(NEVER)).isInstanceOf(IOException.class).hasMessageContaining(
                OffsetCheckpoint.LOG_STARTS);
    }

    @Test
    void a_thread_that_is_interrupted_breaks_nothing() throws IOException {
        try (LogDirectory directory = open(NEVER)) {
            Thread.currentThread().interrupt();
            PartitionLog log = directory.getOrCreate("orders", topicId, 0, TopicConfig.DEFAULT);
            assertThat(Thread.currentThread().isInterrupted()).isTrue();
            append(log, "a");
            log.roll(System.currentTimeMillis());
            append(log, "b");
            log.flush(log.logEndOffset());
            assertThat(log.firstAtOrAfter(0, 2)).isPresent();
            log.truncateTo(1, System.currentTimeMillis());
            log.advanceHighWatermark(1);
            append(log, "c");
            directory.checkpoint();
            assertThat(Thread.interrupted()).isTrue();

            append(log, "d");
            assertThat(values(log)).startsWith("a");
            assertThat(log.logEndOffset()).isEqualTo(3);
            assertThat(directory.failure()).isEmpty();
        }
    }

    private LogDirectory open(Duration interval) throws IOException {
        return open(root, interval);
    }

    private static LogDirectory open(Path path, Duration interval) throws IOException {
        return LogDirectory.open(properties(path, interval), IDENTITY, (_, _) -> TopicConfig.DEFAULT, Clock
                .systemUTC());
    }

    private static StorageProperties properties(Path path, Duration interval) {
        return new StorageProperties(path, 2, 1, interval, interval, interval, Duration.ofDays(1), Duration.ofDays(30),
                new IdempotencyKeys(
                        Duration.ofMinutes(10), Duration.ofMinutes(1), 1000, DataSize.ofMegabytes(1)));
    }

    private static void append(PartitionLog log, String... values) {
        SimpleRecord[] records = new SimpleRecord[values.length];
        for (int i = 0; i < values.length; i++) {
            records[i] = new SimpleRecord(System.currentTimeMillis(), null, values[i].getBytes(StandardCharsets.UTF_8));
        }
        AppendResult result = log.appendAsLeader(MemoryRecords.withRecords(Compression.NONE, records), 0, System
                .currentTimeMillis());
        assertThat(result).isInstanceOf(AppendResult.Appended.class);
        log.advanceHighWatermark(log.logEndOffset());
    }

    private static List<String> values(PartitionLog log) {
        List<String> values = new ArrayList<>();
        ReadResult.Data data = (ReadResult.Data) log.read(log.logStartOffset(), 1 << 20, true, log.logEndOffset());
        for (Record record : data.records().records()) {
            values.add(StandardCharsets.UTF_8.decode(record.value()).toString());
        }
        return values;
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
