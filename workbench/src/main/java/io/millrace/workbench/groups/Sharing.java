package io.millrace.workbench.groups;

import java.util.Map;

/** How the consumers of a group come to share partitions. */
public enum Sharing {
    /** Everybody lets go of everything, and partitions are dealt anew by their numbers. */
    CLASSIC_RANGE("classic-range", Map.of("group.protocol", "classic", "partition.assignment.strategy",
            "org.apache.kafka.clients.consumer.RangeAssignor"), false, false),
    /** Everybody lets go of everything, and gets most of it back. */
    CLASSIC_STICKY("classic-sticky", Map.of("group.protocol", "classic", "partition.assignment.strategy",
            "org.apache.kafka.clients.consumer.StickyAssignor"), false, true),
    /** In two rounds (KIP-429): only what moves is let go. */
    CLASSIC_COOPERATIVE("classic-cooperative", Map.of("group.protocol", "classic", "partition.assignment.strategy",
            "org.apache.kafka.clients.consumer.CooperativeStickyAssignor"), true, true),
    /** The coordinator deals (KIP-848), moving as little as it can. */
    CONSUMER_UNIFORM("consumer-uniform", Map.of("group.protocol", "consumer", "group.remote.assignor", "uniform"),
            true, true),
    /** The coordinator deals by the partitions' numbers. */
    CONSUMER_RANGE("consumer-range", Map.of("group.protocol", "consumer", "group.remote.assignor", "range"), true,
            false);

    private final String label;
    private final Map<String, Object> settings;
    private final boolean isIncremental;
    private final boolean isSticky;

    Sharing(String label, Map<String, Object> settings, boolean isIncremental, boolean isSticky) {
        this.label = label;
        this.settings = settings;
        this.isIncremental = isIncremental;
        this.isSticky = isSticky;
    }

    public String label() {
        return label;
    }

    Map<String, Object> settings() {
        return settings;
    }

    public boolean isClassic() {
        return "classic".equals(settings.get("group.protocol"));
    }

    /** Whether a partition that stays with its consumer is read on while others move. */
    public boolean isIncremental() {
        return isIncremental;
    }

    /** Whether as few partitions move as can. */
    public boolean isSticky() {
        return isSticky;
    }
}
