package io.millrace.workbench.bench;

import io.millrace.workbench.suite.EndOnSignal;
import io.millrace.workbench.suite.LaunchRefusedException;
import io.millrace.workbench.suite.SuiteSettings;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
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
    private static final int ALL_MEASURED = 0;
    private static final int SOME_FAILED = 1;
    private static final DateTimeFormatter FILE_TIME = DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'", Locale.ROOT)
            .withZone(ZoneOffset.UTC);

    @Option(names = "--peer", description = "Run Apache Kafka on the same work in the same run and print the ratios.")
    private boolean peer;

    @Option(names = "--only", paramLabel = "WORK", split = ",", description = "Only these: startup, kafka-produce-100b, kafka-produce-1kib, kafka-consume-100b, idle-connections, http-floor, http-produce-1, "
            + "http-produce-100, http-produce-one-client, http-produce-idempotency-key, http-produce-ndjson, http-consume, sse-latency, sse-latency-100-subscribers, sse-beside-a-slow-reader, sse-10000-subscribers, memory, kafka-produce-100b-rf3, kafka-produce-1kib-rf3, "
            + "group-classic, group-cooperative, group-consumer.")
    private List<String> only = List.of();

    @Option(names = "--json", paramLabel = "FILE", description = "Write the figures there too (default: a file of its own under workbench/target/bench).")
    private @Nullable Path json;

    /** Where and when the figures were taken. */
    record Report(String takenAt, Map<String, Object> machine, String httpLoad, List<Row> rows) {}

    @Override
    public Integer call() throws Exception {
        return EndOnSignal.run(this::measure);
    }

    private Integer measure() throws IOException, InterruptedException {
        Path home = SuiteSettings.projectRoot();
        List<Row> rows = rows(home);
        Instant takenAt = Instant.now().truncatedTo(ChronoUnit.SECONDS);
        Report report = new Report(takenAt.toString(), machine(),
                HttpProduceLoad.usesWrk() ? "wrk" : "built-in", rows);
        print(report);
        Path written = json != null ? json
                : home.resolve("workbench/target/bench/figures-" + FILE_TIME.format(takenAt) + ".json");
        Files.write(written, JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build()
                .writeValueAsBytes(report));
        System.out.println("figures: " + written);
        return rows.stream().anyMatch(Row::hasFailed) ? SOME_FAILED : ALL_MEASURED;
    }

    /** On one broker first; its processes are gone when the three are measured, and those when groups are. */
    private List<Row> rows(Path home) throws IOException, InterruptedException {
        Set<Work> single = EnumSet.noneOf(Work.class);
        Set<Work> replicated = EnumSet.noneOf(Work.class);
        Set<Work> groups = EnumSet.noneOf(Work.class);
        for (Work work : works()) {
            (work.sharing().isPresent() ? groups : work.isReplicated() ? replicated : single).add(work);
        }
        List<Row> rows = new ArrayList<>();
        if (!single.isEmpty()) {
            rows.addAll(Benchmark.run(home, single, peer, System.err::println));
        }
        if (!replicated.isEmpty()) {
            rows.addAll(ReplicatedBenchmark.run(home, replicated, peer, System.err::println));
        }
        if (!groups.isEmpty()) {
            rows.addAll(GroupBenchmark.run(home, groups, peer, System.err::println));
        }
        return rows;
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
            System.out.printf("%-24s %-14s %14s %14s %7s  %s%n", row.work(), row.unit(), figureOrDash(row.ours()),
                    figureOrDash(row.peer()), ratio == null ? "-" : String.format(Locale.ROOT, "%.2f", ratio),
                    row.failure() == null ? details : "failed: " + row.failure().lines().findFirst().orElse(""));
        }
    }

    private static String figureOrDash(@Nullable Double value) {
        return value == null ? "-" : figure(value);
    }

    private static String figure(double value) {
        return value >= 100 ? String.format(Locale.ROOT, "%,.0f", value) : String.format(Locale.ROOT, "%.2f", value);
    }
}
