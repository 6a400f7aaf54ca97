package io.millrace.workbench.endtoend;

import io.millrace.workbench.suite.Commands;
import io.millrace.workbench.suite.Requisite;
import io.millrace.workbench.suite.TestSuites;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** What npm has for the tests, in one folder; got once for all of them. */
final class NodeModules {
    static final String CONFLUENT = "@confluentinc/kafka-javascript";
    private static final List<String> PACKAGES = List.of("eventsource@4", "kafkajs@2.2.4", CONFLUENT + "@1.10.1");
    /** Another than the one that {@code mvn clean} empties, for what takes minutes to build. */
    private static final Path FOLDER = Path.of(System.getProperty("millrace.npm",
            TestSuites.home().resolve("workbench/target/npm").toString())).toAbsolutePath();
    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    private NodeModules() {}

    /** Where the packages are installed; the test that asks is left out where they cannot be had. */
    static synchronized Path get() throws IOException, InterruptedException {
        Requisite.NPM.demand(Commands.isOnPath("node") && Commands.isOnPath("npm"), "Node or npm is not installed");
        Files.createDirectories(FOLDER);
        if (!Files.isDirectory(FOLDER.resolve("node_modules").resolve(CONFLUENT))) {
            // without their scripts: where the binary of one cannot be downloaded, its script would compile for minutes
            List<String> command = new ArrayList<>(List.of("npm", "install", "--no-audit", "--no-fund", "--no-save",
                    "--ignore-scripts"));
            command.addAll(PACKAGES);
            Requisite.NPM.demand(succeeds(FOLDER, command), "npm cannot get " + PACKAGES);
        }
        return FOLDER;
    }

    /** Leaves the test out where the binary that Confluent's client is made of cannot be had. */
    static synchronized void requireLibrdkafka() throws IOException, InterruptedException {
        Path module = get().resolve("node_modules").resolve(CONFLUENT);
        String download = FOLDER.resolve("node_modules/.bin/node-pre-gyp").toString();
        Requisite.LIBRDKAFKA.demand(Files.exists(module.resolve("build/Release/confluent-kafka-javascript.node"))
                || succeeds(module, List.of(download, "install")), "the binary of " + CONFLUENT
                        + " cannot be downloaded here; workbench/src/test/node/build-librdkafka.sh builds it");
    }

    private static boolean succeeds(Path folder, List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(FOLDER.resolve("npm.log").toFile())).start();
        boolean isEnded = process.waitFor(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
        process.destroyForcibly();
        return isEnded && process.exitValue() == 0;
    }
}
