package io.millrace.broker.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Which logs of a data directory have all that was acknowledged while they were in sync, in the file {@code whole-logs}: a line
 * {@code topic-id partition} each. What is not named may have been created anew in the place of one that was lost, or deleted.
 */
final class WholeLogs {
    static final String FILE_NAME = "whole-logs";

    private final Path file;
    private final Set<ReplicaName> whole = ConcurrentHashMap.newKeySet();

    WholeLogs(Path file) {
        this.file = file;
    }

    /**
     * Takes those that are listed of the logs that are there. All are where there is no list, for the directory was used before such lists were
     * written; none is after a loss, which must be on the disk before that may be forgotten.
     */
    synchronized void load(Collection<ReplicaName> present, boolean tailLost) throws IOException {
        Set<ReplicaName> listed = tailLost ? Set.of() : read();
        present.stream().filter(name -> listed == null || listed.contains(name)).forEach(whole::add);
        write();
    }

    private @Nullable Set<ReplicaName> read() throws IOException {
        if (!Files.exists(file)) {
            return null;
        }
        Set<ReplicaName> names = new HashSet<>();
        for (String line : Files.readAllLines(file)) {
            names.add(ReplicaName.parse(file, line.split(" ", 2)));
        }
        return names;
    }

    boolean contains(ReplicaName name) {
        return whole.contains(name);
    }

    /** True if it was not among them; {@link #write} remembers it. */
    boolean add(ReplicaName name) {
        return whole.add(name);
    }

    Set<ReplicaName> names() {
        return Set.copyOf(whole);
    }

    /** Durably, before their logs go: another that is created in the place of one is not whole. */
    synchronized void remove(Collection<ReplicaName> names) throws IOException {
        if (whole.removeAll(Set.copyOf(names))) {
            write();
        }
    }

    /** Durably. */
    synchronized void clear() throws IOException {
        whole.clear();
        write();
    }

    synchronized void write() throws IOException {
        StringBuilder text = new StringBuilder();
        whole.forEach(name -> text.append(name.line()).append('\n'));
        AtomicFiles.replace(file, ByteBuffer.wrap(text.toString().getBytes(StandardCharsets.UTF_8)));
    }
}
