package io.millrace.workbench.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** Resident memory of a process. */
final class Memory {
    private static final double KIB_PER_MIB = 1024;
    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    private Memory() {}

    static double residentMib(long pid) throws IOException, InterruptedException {
        Path output = Files.createTempFile("ps", ".txt");
        try {
            return Double.parseDouble(
                    ChildJvm.run(List.of("ps", "-o", "rss=", "-p", Long.toString(pid)), output, TIMEOUT)
                            .getFirst().strip())
                    / KIB_PER_MIB;
        } finally {
            Files.deleteIfExists(output);
        }
    }
}
