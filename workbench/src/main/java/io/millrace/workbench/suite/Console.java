package io.millrace.workbench.suite;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * A file that takes a process's standard output, which nobody else bounds. It is copied and emptied rather than renamed: the process
 * goes on appending to the very same file. What it writes between the two is lost.
 */
final class Console {
    static final long KEPT_BYTES = 10L << 20;

    private Console() {}

    /** Lets the file begin anew, beside one older file, once it is longer than {@code keptBytes}. */
    static void bound(Path console, long keptBytes) throws IOException {
        if (Files.isRegularFile(console) && Files.size(console) > keptBytes) {
            Files.copy(console, console.resolveSibling(console.getFileName() + ".1"),
                    StandardCopyOption.REPLACE_EXISTING);
            Files.write(console, new byte[0], StandardOpenOption.TRUNCATE_EXISTING);
        }
    }
}
