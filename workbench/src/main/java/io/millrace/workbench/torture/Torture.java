package io.millrace.workbench.torture;

import io.millrace.workbench.suite.LaunchRefusedException;
import io.millrace.workbench.suite.Progress;
import io.millrace.workbench.suite.SuiteDirectories;
import io.millrace.workbench.suite.SuiteSize;
import io.millrace.workbench.torture.check.AckGaps;
import io.millrace.workbench.torture.check.Checker;
import io.millrace.workbench.torture.check.Event;
import io.millrace.workbench.torture.check.History;
import io.millrace.workbench.torture.check.Verdict;
import io.millrace.workbench.torture.load.Clients;
import io.millrace.workbench.torture.load.FinalRead;
import io.millrace.workbench.torture.load.InSync;
import io.millrace.workbench.torture.load.Recorder;
import io.millrace.workbench.torture.load.ReplicaLogs;
import io.millrace.workbench.torture.load.Topics;
import io.millrace.workbench.torture.load.Workload;
import io.millrace.workbench.torture.plan.Step;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.zip.GZIPOutputStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;

/** One run: a suite, its load, its faults, and the verdict. */
final class Torture {
    private static final String MIN_IN_SYNC_REPLICAS = "2";
    private static final int ADMIN_TIMEOUT_SECONDS = 60;
    private static final Duration WRITERS_TIMEOUT = Duration.ofSeconds(90);
    private static final Duration IN_SYNC_TIMEOUT = Duration.ofSeconds(60);
    private static final Duration READERS_TIMEOUT = Duration.ofSeconds(60);
    private static final Duration FINAL_READ_TIMEOUT = Duration.ofMinutes(2);
    /** Nothing else happens in the last seconds: what was disturbed has time to go on. */
    private static final Duration SETTLE = Duration.ofSeconds(3);

    private final Path directory;
    private final Map<String, String> environment;
    private final SuiteSize size;
    private final List<Step> plan;
    private final Duration length;
    private final Duration readerPause;
    private final Progress progress;

    /**
     * A run to come.
     *
     * @param directory   where data, logs and, when it fails, the history are kept
     * @param environment variables of all processes
     * @param length      after which no further step of the plan is begun
     * @param readerPause of its Kafka consumers before each poll
     */
    Torture(
            Path directory,
            Map<String, String> environment,
            SuiteSize size,
            List<Step> plan,
            Duration length,
            Duration readerPause,
            Progress progress) {
        this.directory = directory;
        this.environment = environment;
        this.size = size;
        this.plan = plan;
        this.length = length;
        this.readerPause = readerPause;
        this.progress = progress;
    }

    Report run() throws IOException, InterruptedException {
        progress.say("starting " + size.brokers() + " brokers, " + size.coordinators() + " coordinators, " + size
                .gateways()
                + " gateways, " + size.offsets() + " offset services and their load in " + directory);
        Recorder recorder;
        List<Survived> survived;
        try (TorturedSuite tortured = TorturedSuite.start(directory.resolve("suite"), environment, size, quiet -> {})) {
            createTopics(tortured.bootstrapServers());
            recorder = new Recorder();
            survived = torture(tortured, recorder);
        }
        ReplicaLogs.read(new SuiteDirectories(directory.resolve("suite")), size.brokers(), recorder);
        History history = recorder.history(Workload.idempotentProducers());
        Verdict verdict = Checker.judge(history);
        Report report = Report.of(history, verdict, recorder.broken(), recorder.refusals(), rows(
                history, survived));
        if (!report.isClean()) {
            write(history);
        }
        return report;
    }

    private List<Survived> torture(TorturedSuite tortured, Recorder recorder) throws IOException, InterruptedException {
        List<String> gateways = tortured.suite().gatewayUrls();
        String bootstrap = tortured.bootstrapServers();
        Clients readers = Workload.read(bootstrap, tortured.brokers(), gateways, readerPause, recorder);
        Clients writers = Workload.write(bootstrap, gateways, recorder);
        List<Survived> survived = new Nemesis(tortured, recorder, progress).run(
                plan, length);
        progress.say("healed; reading everything");
        TimeUnit.NANOSECONDS.sleep(SETTLE.toNanos());
        writers.end(WRITERS_TIMEOUT);
        InSync.await(bootstrap, recorder, IN_SYNC_TIMEOUT);
        FinalRead.run(bootstrap, recorder, FINAL_READ_TIMEOUT);
        readers.end(READERS_TIMEOUT);
        return survived;
    }

    private static void createTopics(String bootstrapServers) throws InterruptedException {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers))) {
            List<NewTopic> topics = Topics.ALL.stream()
                    .map(name -> new NewTopic(name, Topics.PARTITIONS, Topics.REPLICATION_FACTOR)
                            .configs(Map.of("min.insync.replicas", MIN_IN_SYNC_REPLICAS)))
                    .toList();
            admin.createTopics(topics).all().get(ADMIN_TIMEOUT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new LaunchRefusedException("the topics cannot be created: " + e);
        }
    }

    /** By kind of fault, in the order in which they first came. Each fault's time goes on until the next begins. */
    private static List<Report.Row> rows(History history, List<Survived> survived) {
        AckGaps gaps = new AckGaps(history, Topics.KAFKA);
        Map<String, List<Long>> byKind = new LinkedHashMap<>();
        for (int at = 0; at < survived.size(); at++) {
            Survived fault = survived.get(at);
            long untilMs = at + 1 < survived.size() ? survived.get(at + 1).startMs()
                    : fault.endMs() + SETTLE.toMillis();
            byKind.computeIfAbsent(fault.fault().kind(), ignored -> new ArrayList<>())
                    .add(gaps.longestMs(fault.startMs(), untilMs));
        }
        return byKind.entrySet().stream()
                .map(kind -> new Report.Row(kind.getKey(), kind.getValue().size(), kind.getValue().stream().mapToLong(
                        Long::longValue).max().orElse(0)))
                .toList();
    }

    private void write(History history) throws IOException {
        Path file = directory.resolve("history.txt.gz");
        try (PrintWriter lines = new PrintWriter(new GZIPOutputStream(Files.newOutputStream(file)), false,
                StandardCharsets.UTF_8)) {
            for (Event event : history.events()) {
                lines.println(event);
            }
        }
        progress.say("history: " + file);
    }
}
