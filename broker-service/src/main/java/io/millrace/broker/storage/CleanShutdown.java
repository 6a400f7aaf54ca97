package io.millrace.broker.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** The marker that every log was flushed and closed; it is there only while no broker runs. */
final class CleanShutdown {
    static final String FILE_NAME = ".kafka_cleanshutdown";
    private static final String CONTENT = "{\"version\":0,\"brokerEpoch\":-1}";

    private CleanShutdown() {}

    static void mark(Path root) throws IOException {
        AtomicFiles.replace(root.resolve(FILE_NAME), ByteBuffer.wrap(CONTENT.getBytes(StandardCharsets.UTF_8)));
    }
}
