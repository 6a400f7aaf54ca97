package io.millrace.workbench.suite;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Processes of a suite whose supervisor is gone. */
public final class Leftovers {
    private Leftovers() {}

    /** Ends them in order; the state file goes with them. Answers how many there were. */
    public static int end(SuiteDirectories directories, Progress progress) throws IOException, InterruptedException {
        List<RunningService> found = new ArrayList<>();
        for (RunState.Entry entry : RunState.read(directories).map(RunState::processes).orElse(List.of())) {
            entry.process().find().ifPresent(process -> found.add(RunningService.found(entry.name(), process)));
        }
        PostgresCluster.leftBehind(directories)
                .filter(process -> found.stream().noneMatch(known -> known.identity().pid() == process.pid()))
                .ifPresent(process -> found.add(RunningService.found(PostgresCluster.NAME, process)));
        if (!found.isEmpty()) {
            progress.say("an earlier launcher was killed: ending what it left running");
            StopOrder.stop(found, name -> Optional.empty(), progress);
        }
        Files.deleteIfExists(directories.stateFile());
        return found.size();
    }
}
