package io.millrace.coordinator.group;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** The assignors that the coordinator has, by the name that clients and the database use. */
public enum AssignorName {
    RANGE("range", new RangeAssignor()), ROUND_ROBIN("roundrobin", new RoundRobinAssignor()),
    STICKY("sticky", new StickyAssignor());

    private final String wireName;
    private final Assignor assignor;

    AssignorName(String wireName, Assignor assignor) {
        this.wireName = wireName;
        this.assignor = assignor;
    }

    public String wireName() {
        return wireName;
    }

    Assignor assignor() {
        return assignor;
    }

    public static Optional<AssignorName> named(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        return Arrays.stream(values()).filter(assignor -> assignor.wireName.equals(lower)).findFirst();
    }
}
