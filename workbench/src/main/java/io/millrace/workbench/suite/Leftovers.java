package io.millrace.workbench.suite;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Processes of a suite whose supervisor is gone. */
public final class Leftovers {
    private Leftovers() {}

    /** Ends them in order; the state file goes with them. Answers how many there were. */
    public static int end(SuiteDirectories directories, Progress progress) throws IOException, InterruptedException {
        List<RunningService> found = new ArrayList<>();
        Map<String, URI> readiness = new HashMap<>();
        for (RunState.Entry entry : RunState.read(directories).map(RunState::processes).orElse(List.of())) {
            entry.process().find().ifPresent(process -> found.add(RunningService.found(entry.name(), process)));
            if (entry.readiness() != null) {
                readiness.put(entry.name(), URI.create(entry.readiness()));
            }
        }
        PostgresCluster.leftBehind(directories)
                .filter(process -> found.stream().noneMatch(known -> known.identity().pid() == process.pid()))
                .ifPresent(process -> found.add(RunningService.found(PostgresCluster.NAME, process)));
        if (!found.isEmpty()) {
            progress.say("an earlier launcher was killed: ending what it left running");
            StopOrder.stop(found, name -> StopOrder.patience(readiness.get(name)), progress);
        }
        Files.deleteIfExists(directories.stateFile());
        return found.size();
    }
}
