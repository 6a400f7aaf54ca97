package io.millrace.workbench.suite;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** This same launcher as a background process, its words going to a log. */
public final class BackgroundLauncher {
    private BackgroundLauncher() {}

    /** Its log starts anew with each start. */
    public static Process start(Path home, SuiteDirectories directories, List<String> arguments) throws IOException {
        directories.create();
        Path log = directories.launcherLog();
        Files.writeString(log, "");
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
