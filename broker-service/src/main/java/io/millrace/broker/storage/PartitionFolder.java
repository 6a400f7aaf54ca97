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
    /** Kafka's name for data that the metadata does not know. */
    static final String STRAY_SUFFIX = "-stray";
    /** What common file systems allow (NAME_MAX), in bytes; topic names are ASCII. */
    private static final int LONGEST_NAME_BYTES = 255;
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

    /** A name that no other folder has. The topic is cut where the name would be too long, as Kafka does. */
    Path departed(String suffix) {
        String unique = Uuid.randomUuid().toString().replace('-', '_');
        String end = "-" + partition + "." + unique + suffix;
        return path.resolveSibling(topic.substring(0, Math.min(topic.length(), LONGEST_NAME_BYTES - end.length()))
                + end);
    }

    /** Out of the way at once; what is in it can go later. */
    Path renameForDeletion() throws IOException {
        Path target = departed(DELETED_SUFFIX);
        Files.move(path, target);
        AtomicFiles.flushDirectory(path.toAbsolutePath().getParent());
        return target;
    }
}
