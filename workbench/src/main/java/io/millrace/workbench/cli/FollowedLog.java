package io.millrace.workbench.cli;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;

/** What is added to a log from now on, line by line. */
final class FollowedLog {
    /** What is read in one go; the rest comes with the next. */
    private static final int CHUNK_BYTES = 64 * 1024;

    private final Path file;
    private final Consumer<String> reader;
    private long position;

    FollowedLog(Path file, Consumer<String> reader) throws IOException {
        this.file = file;
        this.reader = reader;
        this.position = Files.isRegularFile(file) ? Files.size(file) : 0;
    }

    /** Passes on the whole lines that were added; a file that was rolled is read from its start. */
    void passNew() {
        try (RandomAccessFile log = new RandomAccessFile(file.toFile(), "r")) {
            long start = log.length() < position ? 0 : position;
            log.seek(start);
            byte[] bytes = new byte[(int) Math.min(CHUNK_BYTES, log.length() - start)];
            log.readFully(bytes);
            int end = bytes.length == CHUNK_BYTES ? bytes.length : lastLineEnd(bytes);
            new String(bytes, 0, end, StandardCharsets.UTF_8).lines().forEach(reader);
            position = start + end;
        } catch (IOException e) {
            // being rolled; there again at the next look
        }
    }

    private static int lastLineEnd(byte[] bytes) {
        for (int end = bytes.length; end > 0; end--) {
            if (bytes[end - 1] == '\n') {
                return end;
            }
        }
        return 0;
    }
}
