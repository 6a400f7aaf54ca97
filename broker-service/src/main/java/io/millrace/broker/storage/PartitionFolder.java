package io.millrace.broker.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;

/** The folder {@code topic-partition} of one partition, and the topic's id in its {@code partition.metadata}, both as Kafka has them. */
record PartitionFolder(Path path, String topic, int partition) {
    static final String METADATA_FILE_NAME = "partition.metadata";
    static final String DELETED_SUFFIX = "-delete";
    private static final String ID_KEY = "topic_id: ";

    static PartitionFolder of(Path root, String topic, int partition) {
        return new PartitionFolder(root.resolve(topic + "-" + partition), topic, partition);
    }

    /** Takes the name of a folder apart; null when it is no partition's. */
    static @Nullable PartitionFolder parse(Path path) {
        String name = path.getFileName().toString();
        int dash = name.lastIndexOf('-');
        if (dash <= 0 || name.endsWith(DELETED_SUFFIX)) {
            return null;
        }
        try {
            int partition = Integer.parseInt(name.substring(dash + 1));
            return new PartitionFolder(path, name.substring(0, dash), partition);
        } catch (NumberFormatException e) {
            return null;
        }
    }

    /** The id of the topic that the data belongs to, or null when it was never written. */
    @Nullable
    Uuid readTopicId() throws IOException {
        Path file = path.resolve(METADATA_FILE_NAME);
        if (!Files.exists(file)) {
            return null;
        }
        for (String line : Files.readAllLines(file)) {
            if (line.startsWith(ID_KEY)) {
                return Uuid.fromString(line.substring(ID_KEY.length()).strip());
            }
        }
        throw new IOException(file + " names no topic id");
    }

    void writeTopicId(Uuid topicId) throws IOException {
        Files.createDirectories(path);
        byte[] text = ("version: 0\n" + ID_KEY + topicId + "\n").getBytes(StandardCharsets.UTF_8);
        AtomicFiles.replace(path.resolve(METADATA_FILE_NAME), ByteBuffer.wrap(text));
        AtomicFiles.flushDirectory(path.toAbsolutePath().getParent());
    }

    /** Out of the way at once; what is in it can go later. */
    Path renameForDeletion() throws IOException {
        String unique = Uuid.randomUuid().toString().replace('-', '_');
        Path target = path.resolveSibling(path.getFileName() + "." + unique + DELETED_SUFFIX);
        Files.move(path, target);
        AtomicFiles.flushDirectory(path.toAbsolutePath().getParent());
        return target;
    }
}
