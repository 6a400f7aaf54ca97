package io.millrace.workbench.failover;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What is done to a cluster, in this order. */
public enum Scenario {
    /** A leader is killed with SIGKILL and started again later. */
    KILL("kill", Duration.ofSeconds(1), true),
    /** A leader hangs: SIGSTOP, and SIGCONT later. Its lease of 3 s has to run out first. */
    PAUSE("pause", Duration.ofSeconds(4), true),
    /** Each broker is asked to end and started again, one after the other. */
    ROLLING("rolling-restart", Duration.ofMillis(500), true),
    /** PostgreSQL is away for 30 s. */
    POSTGRES("postgres-away", null, false),
    /** A broker is killed that leads a third of a thousand partitions; how long until each has another leader. */
    ELECTION("elect-1000", Duration.ofSeconds(2), true),
    /** What PostgreSQL has to do for a cluster at rest, of 10 and of 1,000 partitions. */
    REST("postgres-at-rest", null, false);

    private final String label;
    private final @Nullable Duration target;
    private final boolean alsoOfPeer;

    Scenario(String label, @Nullable Duration target, boolean alsoOfPeer) {
        this.label = label;
        this.target = target;
        this.alsoOfPeer = alsoOfPeer;
    }

    public String label() {
        return label;
    }

    /** What the worst round should stay below; null where there is no such figure. */
    @Nullable
    Duration target() {
        return target;
    }

    /** Whether Apache Kafka has such a thing. */
    boolean isAlsoOfPeer() {
        return alsoOfPeer;
    }

    static Optional<Scenario> named(String label) {
        return Arrays.stream(values()).filter(scenario -> scenario.label.equals(label)).findFirst();
    }

    static List<String> labels() {
        return Arrays.stream(values()).map(Scenario::label).toList();
    }
}
