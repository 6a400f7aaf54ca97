package io.millrace.workbench.suite;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Programs of the operating system that the launcher leans on. */
public final class Commands {
    private static final List<String> OWN_SESSION = ownSession();

    private Commands() {}

    /**
     * The command, to run in a session of its own: Ctrl-C in the terminal reaches the launcher alone, which then ends the processes in
     * order; and they outlive a launcher that is killed.
     */
    static List<String> inOwnSession(List<String> command) {
        List<String> whole = new ArrayList<>(OWN_SESSION);
        whole.addAll(command);
        return whole;
    }

    /** Whether a program can be called by its name. */
    public static boolean isOnPath(String program) {
        String path = System.getenv().getOrDefault("PATH", "");
        for (String directory : path.split(":")) {
            if (!directory.isEmpty() && Files.isExecutable(Path.of(directory, program))) {
                return true;
            }
        }
        return false;
    }

    /** Runs a short-lived program, its output going to a file. */
    static int run(List<String> command, Path output, Path input, Duration timeout)
            throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()))
                .redirectInput(input.toFile())
                .start();
        if (!process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
            process.destroyForcibly();
            throw new LaunchRefusedException(
                    command.getFirst() + " did not end within " + timeout.toSeconds() + " s; see " + output);
        }
        return process.exitValue();
    }

    private static List<String> ownSession() {
        if (isOnPath("setsid")) {
            return List.of("setsid");
        }
        if (isOnPath("perl")) { // macOS has no setsid(1)
            return List.of("perl", "-MPOSIX=setsid", "-e", "setsid(); exec {$ARGV[0]} @ARGV or die");
        }
        return List.of();
    }
}
