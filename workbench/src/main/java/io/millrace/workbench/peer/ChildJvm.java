package io.millrace.workbench.peer;

import io.millrace.workbench.suite.LaunchRefusedException;
import io.millrace.workbench.suite.LogTail;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A program in a JVM of its own on the workbench's class path, so that no load shares a heap or a warm compiler with another. */
public final class ChildJvm {
    private ChildJvm() {}

    /** A command line with this very JVM and class path. */
    public static List<String> command(List<String> options, String mainClass, List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        command.addAll(List.of("--enable-native-access=ALL-UNNAMED",
                "-cp", System.getProperty("java.class.path"), mainClass));
        command.addAll(arguments);
        return command;
    }

    /** Runs a command to its end and answers its output. */
    public static List<String> run(List<String> command, Path output, Duration timeout)
            throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile()).start();
        try {
            if (!process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
                throw failed(command, "did not end within " + timeout.toSeconds() + " s", output);
            }
            if (process.exitValue() != 0) {
                throw failed(command, "ended with status " + process.exitValue(), output);
            }
            return Files.readAllLines(output, StandardCharsets.UTF_8);
        } finally {
            process.destroyForcibly();
        }
    }

    private static LaunchRefusedException failed(List<String> command, String what, Path output) {
        return new LaunchRefusedException(String.join(" ", command) + "\n" + what + "; the last it said:\n  "
                + String.join("\n  ", LogTail.lastLines(output, 15)));
    }
}
