package io.millrace.workbench.bench;

import io.millrace.workbench.peer.ChildJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Memory of a process. */
public final class Memory {
    private static final double KIB_PER_MIB = 1024;
    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    /** proc(5): {@code VmRSS:     12345 kB}. */
    private static final Pattern RESIDENT = Pattern.compile("VmRSS:\\s+(\\d+) kB");

    /** The last line of a class histogram: {@code Total  81234  5678901}. */
    private static final Pattern TOTAL = Pattern.compile("Total\\s+\\d+\\s+(\\d+)\\s*");
    private static final Duration HISTOGRAM_TIMEOUT = Duration.ofSeconds(60);

    private Memory() {}

    static double residentMib(long pid) throws IOException, InterruptedException {
        Path status = Path.of("/proc/" + pid + "/status");
        return Files.isRegularFile(status) ? fromProc(status) : fromPs(pid);
    }

    /** What the objects of a JVM that are in use take, found by a full collection. */
    public static long liveHeapBytes(long pid) throws IOException, InterruptedException {
        Path output = Files.createTempFile("histogram", ".txt");
        try {
            List<String> lines = ChildJvm.run(List.of(Path.of(System.getProperty("java.home"), "bin", "jcmd")
                    .toString(),
                    Long.toString(pid), "GC.class_histogram"), output, HISTOGRAM_TIMEOUT);
            for (String line : lines.reversed()) {
                Matcher total = TOTAL.matcher(line);
                if (total.matches()) {
                    return Long.parseLong(total.group(1));
                }
            }
            throw new IOException("no total in the histogram of process " + pid);
        } finally {
            Files.deleteIfExists(output);
        }
    }

    private static double fromProc(Path status) throws IOException {
        for (String line : Files.readAllLines(status)) {
            Matcher resident = RESIDENT.matcher(line);
            if (resident.matches()) {
                return Double.parseDouble(resident.group(1)) / KIB_PER_MIB;
            }
        }
        throw new IOException("no VmRSS in " + status);
    }

    private static double fromPs(long pid) throws IOException, InterruptedException {
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
