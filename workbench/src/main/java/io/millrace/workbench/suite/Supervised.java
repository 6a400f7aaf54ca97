package io.millrace.workbench.suite;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** What a {@link Supervisor} watches over. */
interface Supervised {
    /** By name what was started and not ended on purpose, dead or alive. */
    Map<String, RunningService> running();

    void start(String name) throws IOException;

    List<String> lastWords(String name);

    Path log(String name);

    /** Keeps what the processes write to their standard output within its bound. */
    void boundConsoles();

    /** Begins what other commands have asked for and answers what is done, without waiting; answers whether there was anything. */
    boolean carryOutRequests();

    void trainForQuickerStarts() throws InterruptedException;
}
