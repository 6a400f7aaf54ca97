package io.millrace.broker.storage;

import io.millrace.broker.storage.LogDirectory.LocalPartition;
import java.io.IOException;
import java.nio.file.Path;
import org.apache.kafka.common.Uuid;

/** A partition as the small files of a data directory name it: {@code topic-id partition} begins their lines. */
record ReplicaName(Uuid topicId, int partition) {
    static ReplicaName of(LocalPartition local) {
        return new ReplicaName(local.topicId(), local.partition());
    }

    /** @param words of the line, separated by a space each */
    static ReplicaName parse(Path file, String[] words) throws IOException {
        try {
            return new ReplicaName(Uuid.fromString(words[0]), Integer.parseInt(words[1]));
        } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
            throw new IOException(file + " is damaged: " + String.join(" ", words), e);
        }
    }

    String line() {
        return topicId + " " + partition;
    }
}
