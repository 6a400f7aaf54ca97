package io.millrace.workbench.cli;

import io.millrace.workbench.suite.LaunchRefusedException;
import io.millrace.workbench.suite.LogTail;
import io.millrace.workbench.suite.SuiteDirectories;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code ./millrace logs}. */
@Command(name = "logs", description = "Prints the end of the logs, of one service or of all.", mixinStandardHelpOptions = true)
final class LogsCommand implements Callable<Integer> {
    private static final long POLL_MS = 200;
    private static final String SUFFIX = ".log";

    @Mixin
    private DataOption data;

    @Parameters(arity = "0..1", paramLabel = "SERVICE", description = "postgres, offset, coordinator, gateway, broker-0 …, as \"status\" names them.")
    private @Nullable String service;

    @Option(names = {"-f", "--follow"}, description = "Go on printing what is added, until Ctrl-C.")
    private boolean follow;

    @Option(names = {"-n",
            "--lines"}, paramLabel = "N", defaultValue = "50", description = "Lines of each log (default: ${DEFAULT-VALUE}).")
    private int lines;

    @Override
    public Integer call() throws Exception {
        SuiteDirectories directories = data.directories();
        Map<String, Path> logs = logs(directories);
        List<FollowedLog> followed = new ArrayList<>();
        for (Map.Entry<String, Path> log : logs.entrySet()) {
            String prefix = prefix(log.getKey());
            followed.add(new FollowedLog(log.getValue(), line -> System.out.println(prefix + line)));
            LogTail.lastLines(log.getValue(), lines).forEach(line -> System.out.println(prefix + line));
        }
        while (follow) {
            followed.forEach(FollowedLog::passNew);
            TimeUnit.MILLISECONDS.sleep(POLL_MS);
        }
        return 0;
    }

    private Map<String, Path> logs(SuiteDirectories directories) throws IOException {
        Map<String, Path> logs = new LinkedHashMap<>();
        if (service != null) {
            Path log = directories.log(service);
            if (!Files.isRegularFile(log)) {
                throw new LaunchRefusedException("no log of " + service + "; there are: "
                        + String.join(", ", names(directories)));
            }
            logs.put(service, log);
        } else {
            names(directories).forEach(name -> logs.put(name, directories.log(name)));
        }
        return logs;
    }

    private static List<String> names(SuiteDirectories directories) throws IOException {
        if (!Files.isDirectory(directories.logs())) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(directories.logs())) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(SUFFIX))
                    .map(name -> name.substring(0, name.length() - SUFFIX.length()))
                    .sorted()
                    .toList();
        }
    }

    private String prefix(String name) {
        return service == null ? String.format("%-13s| ", name) : "";
    }
}
