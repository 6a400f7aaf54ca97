package io.millrace.broker.storage;

import io.millrace.broker.storage.LogDirectory.LocalPartition;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;

/**
 * Which logs of a data directory have all that was acknowledged while they were in sync, in the file {@code whole-logs}: a line
 * {@code topic-id partition} each. What is not named may have been created anew in the place of one that was lost.
 */
record WholeLogs(Path file) {
    static final String FILE_NAME = "whole-logs";

    record Name(Uuid topicId, int partition) {
        static Name of(LocalPartition local) {
            return new Name(local.topicId(), local.partition());
        }
    }

    /** Null where there is no list: the directory was used before such lists were written. */
    @Nullable
    Set<Name> read() throws IOException {
        if (!Files.exists(file)) {
            return null;
        }
        Set<Name> names = new HashSet<>();
        for (String line : Files.readAllLines(file)) {
            String[] parts = line.split(" ", 2);
            try {
                names.add(new Name(Uuid.fromString(parts[0]), Integer.parseInt(parts[1])));
            } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
                throw new IOException(file + " is damaged: " + line, e);
            }
        }
        return names;
    }

    void write(Collection<Name> names) throws IOException {
        StringBuilder text = new StringBuilder();
        names.forEach(name -> text.append(name.topicId()).append(' ').append(name.partition()).append('\n'));
        AtomicFiles.replace(file, ByteBuffer.wrap(text.toString().getBytes(StandardCharsets.UTF_8)));
    }
}
