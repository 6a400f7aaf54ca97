package io.millrace.workbench.bench;

import io.millrace.workbench.suite.EndOnSignal;
import io.millrace.workbench.suite.LaunchRefusedException;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** {@code ./millrace bench}. */
@Command(name = "bench", description = "Measures a suite of its own, beside your data, and prints a table; takes some minutes.", mixinStandardHelpOptions = true)
public final class BenchCommand implements Callable<Integer> {
    private static final double MIB = 1 << 20;

    @Option(names = "--peer", description = "Run Apache Kafka on the same work in the same run and print the ratios.")
    private boolean peer;

    @Option(names = "--only", paramLabel = "WORK", split = ",", description = "Only these: startup, kafka-produce-100b, kafka-produce-1kib, kafka-consume-100b, http-produce-1, "
            + "http-produce-100, http-produce-one-client, http-consume, sse-latency, memory.")
    private List<String> only = List.of();

    @Option(names = "--json", paramLabel = "FILE", description = "Also write the figures there.")
    private @Nullable Path json;

    /** Where and when the figures were taken. */
    record Report(String takenAt, Map<String, Object> machine, String httpLoad, List<Row> rows) {}

    @Override
    public Integer call() throws Exception {
        return EndOnSignal.run(this::measure);
    }

    private Integer measure() throws IOException, InterruptedException {
        Path home = Path.of(System.getProperty("millrace.home", ".")).toAbsolutePath().normalize();
        List<Row> rows = Benchmark.run(home, works(), peer, System.err::println);
        Report report = new Report(Instant.now().toString(), machine(),
                HttpProduceLoad.usesWrk() ? "wrk" : "built-in", rows);
        print(report);
        if (json != null) {
            Files.write(json, JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build()
                    .writeValueAsBytes(report));
        }
        return 0;
    }

    private Set<Work> works() {
        if (only.isEmpty()) {
            return EnumSet.allOf(Work.class);
        }
        return only.stream()
                .map(label -> Work.named(label).orElseThrow(() -> new LaunchRefusedException(
                        "--only " + label + " is not one of " + String.join(", ", Work.labels()))))
                .collect(Collectors.toCollection(() -> EnumSet.noneOf(Work.class)));
    }

    private static Map<String, Object> machine() {
        Map<String, Object> machine = new LinkedHashMap<>();
        machine.put("processors", Runtime.getRuntime().availableProcessors());
        if (ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean system) {
            machine.put("memoryMiB", Math.round(system.getTotalMemorySize() / MIB));
        }
        machine.put("system", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
        machine.put("java", System.getProperty("java.vm.version"));
        return machine;
    }

    private static void print(Report report) {
        System.out.println();
        System.out.println("machine: " + report.machine() + ", HTTP load by " + report.httpLoad());
        System.out.printf("%-24s %-14s %14s %14s %7s  %s%n", "work", "unit", "Millrace", "Apache Kafka", "ratio",
                "details");
        for (Row row : report.rows()) {
            Double ratio = row.ratio();
            String details = row.details().entrySet().stream()
                    .map(detail -> detail.getKey() + " " + figure(detail.getValue())).collect(Collectors.joining(", "));
            System.out.printf("%-24s %-14s %14s %14s %7s  %s%n", row.work(), row.unit(), figure(row.ours()),
                    row.peer() == null ? "-" : figure(row.peer()),
                    ratio == null ? "-" : String.format(Locale.ROOT, "%.2f", ratio), details);
        }
    }

    private static String figure(double value) {
        return value >= 100 ? String.format(Locale.ROOT, "%,.0f", value) : String.format(Locale.ROOT, "%.2f", value);
    }
}
