package io.millrace.workbench.torture.plan;

import java.time.Duration;
import java.util.List;

/** Something that befalls a suite for a while. */
public sealed interface Fault {
    /** Whose links a fault of the network concerns when it is nobody's in particular. */
    String EVERYBODY = "everybody";

    /** SIGKILL; started again afterwards. */
    record Kill(String process) implements Fault {}

    /** SIGSTOP; SIGCONT afterwards. */
    record Pause(String process) implements Fault {}

    /** PostgreSQL is shut down, in its fast or in its immediate way (which is a crash to it); started again afterwards. */
    record PostgresAway(boolean isImmediate) implements Fault {}

    /** Connections from one process to another are reset. */
    record Cut(String source, String target) implements Fault {}

    /** Connections from one process to another carry nothing. */
    record Silence(String source, String target) implements Fault {}

    /** Connections to a process are refused though it lives. */
    record Refuse(String target) implements Fault {}

    /** Connections from one process to another are slow. */
    record Slow(String source, String target, Duration latency, long bytesPerSecond) implements Fault {}

    /** A broker can write no file beyond a few bytes, as on a full disk. */
    record DiskFull(String broker) implements Fault {}

    /** Every process but PostgreSQL is stopped in order and started again, one after the other, as for an upgrade. */
    record RollingRestart() implements Fault {}

    /**
     * All partitions move to some brokers and, as soon as the time is over, on to others, wherever they are by then. What comes next befalls them on
     * their way.
     *
     * @param calledOff whether what has not arrived then goes back first
     */
    record Move(List<Integer> replicas, boolean calledOff, List<Integer> afterwards) implements Fault {}

    /** What kind of fault it is, for a table. */
    default String kind() {
        return switch (this) {
            case Kill(String process) -> "kill -9 " + service(process);
            case Pause(String process) -> "pause " + service(process);
            case PostgresAway(boolean isImmediate) -> "stop postgres " + (isImmediate ? "(immediate)" : "(fast)");
            case Cut(_, String target) -> "cut links to " + service(target);
            case Silence(_, String target) -> "silence links to " + service(target);
            case Refuse(String target) -> "refuse connections to " + service(target);
            case Slow(_, String target, _, _) -> "slow links to " + service(target);
            case DiskFull(_) -> "disk full at broker";
            case RollingRestart() -> "rolling restart of all";
            case Move(_, boolean calledOff, _) -> calledOff ? "move all partitions, and call it off"
                    : "move all partitions";
        };
    }

    private static String service(String process) {
        return process.replaceFirst("-\\d+$", "");
    }
}
