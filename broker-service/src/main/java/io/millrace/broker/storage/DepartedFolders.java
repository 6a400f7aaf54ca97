package io.millrace.broker.storage;

import io.millrace.broker.log.PartitionLog;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;
import org.apache.kafka.common.errors.KafkaStorageException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Folders of partitions that are no longer served. Their files stay open a little for readers that still send from them; then those of deleted
 * partitions are removed, and those set aside are closed in order and kept for as long as the settings say.
 */
final class DepartedFolders {
    private static final Logger LOGGER = LoggerFactory.getLogger(DepartedFolders.class);

    private record Departed(Path folder, long untilMs, @Nullable PartitionLog log, boolean deleted) {}

    private final Queue<Departed> departed = new ConcurrentLinkedQueue<>();
    /** By folder, since when. */
    private final Map<Path, Long> strays = new ConcurrentHashMap<>();

    void addDeleted(Path folder, long untilMs, @Nullable PartitionLog log) {
        departed.add(new Departed(folder, untilMs, log, true));
    }

    void addStray(Path folder, long untilMs, PartitionLog log) {
        departed.add(new Departed(folder, untilMs, log, false));
    }

    /** What was set aside by a process before this one. */
    void addFoundStray(Path folder, long sinceMs) {
        strays.put(folder, sinceMs);
    }

    /** Removes what was set aside before a time. What cannot be removed is tried again. */
    void removeStrays(long beforeMs) {
        strays.forEach((folder, sinceMs) -> {
            if (sinceMs < beforeMs) {
                try {
                    remove(folder);
                    strays.remove(folder);
                    LOGGER.warn("{}, which was set aside for as long as it is to be kept, is removed", folder);
                } catch (IOException | UncheckedIOException e) {
                    LOGGER.warn("Cannot remove what was set aside in {}", folder, e);
                }
            }
        });
    }

    /** A folder that cannot be removed is left for the next start; it harms nobody. */
    void settle(long nowMs) {
        for (Departed each : departed) {
            if (each.untilMs() <= nowMs && departed.remove(each)) {
                try {
                    settle(each);
                } catch (IOException | UncheckedIOException | KafkaStorageException e) {
                    LOGGER.warn("Cannot {} {}", each.deleted() ? "remove the deleted folder"
                            : "close what was set aside in", each.folder(), e);
                }
            }
        }
    }

    private void settle(Departed each) throws IOException {
        PartitionLog log = each.log();
        if (!each.deleted()) {
            // It is open until here.
            strays.put(each.folder(), Files.getLastModifiedTime(each.folder()).toMillis());
        }
        if (!each.deleted() && log != null && !log.failed()) {
            log.close();
            return;
        }
        if (log != null) {
            log.abandon();
        }
        if (each.deleted()) {
            remove(each.folder());
        }
    }

    private static void remove(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
