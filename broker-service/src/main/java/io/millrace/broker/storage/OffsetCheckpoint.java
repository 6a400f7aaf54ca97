package io.millrace.broker.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** One offset per partition in Kafka's text format: a version line, a count line, and a line {@code topic partition offset} each. */
record OffsetCheckpoint(Path file) {
    static final String RECOVERY_POINTS = "recovery-point-offset-checkpoint";
    static final String HIGH_WATERMARKS = "replication-offset-checkpoint";
    static final String LOG_STARTS = "log-start-offset-checkpoint";
    private static final String VERSION = "0";

    /**
     * The offsets by {@code topic-partition}; empty when there is no file. A damaged file is an error, since guessing could lose records.
     */
    Map<String, Long> read() throws IOException {
        if (!Files.exists(file)) {
            return Map.of();
        }
        List<String> lines = Files.readAllLines(file);
        Map<String, Long> offsets = new HashMap<>();
        try {
            if (!lines.getFirst().equals(VERSION) || Integer.parseInt(lines.get(1)) != lines.size() - 2) {
                throw new IOException(file + " is damaged: its version or count does not fit");
            }
            for (String line : lines.subList(2, lines.size())) {
                String[] parts = line.split(" ", 3);
                offsets.put(parts[0] + "-" + Integer.parseInt(parts[1]), Long.parseLong(parts[2]));
            }
        } catch (RuntimeException e) {
            throw new IOException(file + " is damaged: " + e.getMessage(), e);
        }
        return offsets;
    }

    void write(Map<PartitionFolder, Long> offsets) throws IOException {
        Map<String, Long> sorted = new TreeMap<>();
        offsets.forEach((folder, offset) -> sorted.put(folder.topic() + " " + folder.partition(), offset));
        StringBuilder text = new StringBuilder(VERSION).append('\n').append(sorted.size()).append('\n');
        sorted.forEach((partition, offset) -> text.append(partition).append(' ').append(offset).append('\n'));
        AtomicFiles.replace(file, ByteBuffer.wrap(text.toString().getBytes(StandardCharsets.UTF_8)));
    }
}
