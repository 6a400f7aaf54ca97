package io.millrace.workbench.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.workbench.peer.ChildJvm;
import io.millrace.workbench.suite.Commands;
import io.millrace.workbench.suite.Requisite;
import io.millrace.workbench.suite.Suite;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** kcat as distributions package it, on a librdkafka of some years ago. */
@WithSteadySuite
@Order(5)
class KcatIT {
    private static final Duration TIMEOUT = Duration.ofSeconds(60);
    private static final int PARTITIONS = 4;
    /** {@code % Group desk rebalanced (memberid rdkafka-...): assigned: desk [0], desk [1]} */
    private static final Pattern REBALANCED = Pattern.compile("% Group \\S+ rebalanced .*(assigned|revoked): (.*)");

    private final Suite suite;
    private final Gateway gateway;
    @TempDir
    private Path folder;

    KcatIT(Suite suite, Gateway gateway) {
        this.suite = suite;
        this.gateway = gateway;
    }

    @BeforeAll
    static void leave_out_where_it_is_not_installed() {
        Requisite.KCAT.demand(Commands.isOnPath("kcat"), "kcat is not installed");
    }

    @Test
    void it_produces_and_consumes_under_every_compression() throws Exception {
        gateway.createTopic("by-kcat", 1);
        List<String> lines = IntStream.range(0, 1_000).mapToObj(line -> "line " + line).toList();
        Path input = Files.write(folder.resolve("lines.txt"), lines);
        String broker = "127.0.0.1:" + suite.settings().ports().brokerKafka();
        for (String compression : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
            run("-P", "-b", broker, "-t", "by-kcat", "-z", compression, "-l", input.toString());
        }
        List<String> read = run("-C", "-b", broker, "-t", "by-kcat", "-o", "beginning", "-e", "-q");
        assertThat(read).hasSize(5_000);
        for (int from = 0; from < read.size(); from += lines.size()) {
            assertThat(read.subList(from, from + lines.size())).isEqualTo(lines);
        }
    }

    private List<String> run(String... arguments) throws IOException, InterruptedException {
        return ChildJvm.run(Stream.concat(Stream.of("kcat"), Stream.of(arguments)).toList(), folder.resolve("run.txt"),
                TIMEOUT);
    }

    @Test
    void two_members_of_a_group_share_a_topic_and_one_has_it_all_when_the_other_leaves() throws Exception {
        gateway.createTopic("kcat-group", PARTITIONS);
        try (Member first = new Member("first")) {
            await().atMost(TIMEOUT).untilAsserted(() -> assertThat(first.assigned()).hasSize(PARTITIONS));
            try (Member second = new Member("second")) {
                await().atMost(TIMEOUT).untilAsserted(() -> {
                    assertThat(first.assigned()).hasSize(PARTITIONS / 2);
                    assertThat(second.assigned()).hasSize(PARTITIONS / 2).doesNotContainAnyElementsOf(first
                            .assigned());
                });
                produce(100);
                await().atMost(TIMEOUT).untilAsserted(() -> {
                    assertThat(first.read()).hasSize(200);
                    assertThat(second.read()).hasSize(200);
                });
            }
            await().atMost(TIMEOUT).untilAsserted(() -> assertThat(first.assigned()).hasSize(PARTITIONS));
            produce(25);
            await().atMost(TIMEOUT).untilAsserted(() -> assertThat(first.read()).hasSize(300));
        }
        assertThat(gateway.get("/groups/kcat-group/lag").expect(200).body().get("total_lag").asLong()).isZero();
    }

    /** So many records to every partition. */
    private void produce(int each) throws IOException, InterruptedException {
        for (int partition = 0; partition < PARTITIONS; partition++) {
            gateway.produce("kcat-group", Collections.nCopies(each, "{\"partition\":" + partition + ",\"value\":1}"));
        }
    }

    /** A kcat that consumes in the group; SIGTERM has it leave. */
    private final class Member implements AutoCloseable {
        private final Path read;
        private final Path said;
        private final Process process;

        Member(String name) throws IOException {
            read = folder.resolve(name + ".txt");
            said = folder.resolve(name + ".err");
            process = new ProcessBuilder("kcat", "-b", suite.bootstrapServers(), "-G", "kcat-group", "-u", "-f",
                    "%p %o\\n",
                    "-X", "auto.offset.reset=earliest", "-X", "heartbeat.interval.ms=300", "kcat-group")
                    .redirectOutput(read.toFile()).redirectError(said.toFile()).start();
        }

        Set<String> assigned() throws IOException {
            Set<String> assigned = Set.of();
            for (String line : Files.readAllLines(said)) {
                Matcher rebalanced = REBALANCED.matcher(line);
                if (rebalanced.matches()) {
                    assigned = rebalanced.group(1).equals("revoked") ? Set.of()
                            : Stream.of(rebalanced.group(2).split(", ")).collect(Collectors.toSet());
                }
            }
            return assigned;
        }

        List<String> read() throws IOException {
            return new ArrayList<>(Files.readAllLines(read));
        }

        @Override
        public void close() {
            process.destroy();
            process.onExit().join();
        }
    }
}
