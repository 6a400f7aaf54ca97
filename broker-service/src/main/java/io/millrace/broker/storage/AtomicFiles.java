package io.millrace.broker.storage;

import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** Small files that are whole at any moment: written beside, flushed, renamed over, and the rename flushed. */
final class AtomicFiles {
    private AtomicFiles() {}

    static void replace(Path target, ByteBuffer content) throws IOException {
        replace(target, content, true);
        flushDirectory(target.toAbsolutePath().getParent());
    }

    /** Whole at any moment until the machine crashes. */
    static void replaceUnflushed(Path target, ByteBuffer content) throws IOException {
        replace(target, content, false);
    }

    private static void replace(Path target, ByteBuffer content, boolean flush) throws IOException {
        Path temporary = target.resolveSibling(target.getFileName() + ".tmp");
        byte[] bytes = new byte[content.remaining()];
        content.duplicate().get(bytes);
        try (FileOutputStream file = new FileOutputStream(temporary.toFile())) {
            file.write(bytes);
            if (flush) {
                file.getFD().sync();
            }
        }
        Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    static void flushDirectory(Path directory) throws IOException {
        Uninterrupted.call(() -> {
            try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
                channel.force(true);
            }
            return directory;
        });
    }
}
