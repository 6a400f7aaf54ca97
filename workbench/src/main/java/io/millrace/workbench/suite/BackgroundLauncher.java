package io.millrace.workbench.suite;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** This same launcher as a background process, its words going to a log. */
public final class BackgroundLauncher {
    private BackgroundLauncher() {}

    /** It adds to the log of those before it, one of which may be running; the one that takes the data directory bounds the log. */
    public static Process start(Path home, SuiteDirectories directories, List<String> arguments) throws IOException {
        directories.create();
        Path log = directories.launcherLog();
        Files.writeString(log, "", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        List<String> command = new ArrayList<>(List.of(SuiteSettings.java().toString(), "-Xmx48m",
                "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-Dmillrace.home=" + home, "-cp",
                System.getProperty("java.class.path"), "io.millrace.workbench.Workbench"));
        command.addAll(arguments);
        return new ProcessBuilder(Commands.inOwnSession(command))
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
    }
}
