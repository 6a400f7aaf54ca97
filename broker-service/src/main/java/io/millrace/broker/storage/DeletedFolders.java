package io.millrace.broker.storage;

import io.millrace.broker.log.PartitionLog;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Folders of deleted partitions, whose files outlive them a little for readers that still send from them. */
final class DeletedFolders {
    private static final Logger LOGGER = LoggerFactory.getLogger(DeletedFolders.class);

    private record Doomed(Path folder, long purgeAtMs, @Nullable PartitionLog log) {}

    private final Queue<Doomed> doomed = new ConcurrentLinkedQueue<>();

    void add(Path folder, long purgeAtMs) {
        doomed.add(new Doomed(folder, purgeAtMs, null));
    }

    void add(Path folder, long purgeAtMs, PartitionLog log) {
        doomed.add(new Doomed(folder, purgeAtMs, log));
    }

    /** A folder that cannot be removed is left for the next start; it harms nobody. */
    void purge(long nowMs) {
        for (Doomed each : doomed) {
            if (each.purgeAtMs() <= nowMs && doomed.remove(each)) {
                try {
                    remove(each);
                } catch (IOException | UncheckedIOException e) {
                    LOGGER.warn("Cannot remove the deleted folder {}", each.folder(), e);
                }
            }
        }
    }

    private static void remove(Doomed each) throws IOException {
        if (each.log() != null) {
            each.log().abandon();
        }
        try (Stream<Path> files = Files.walk(each.folder())) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
