package io.millrace.coordinator.listener;

import io.millrace.coordinator.group.AssignorName;
import org.apache.kafka.common.errors.UnsupportedAssignorException;

/** Assignors by the names that Kafka's clients know; what Kafka calls uniform is balanced and sticky. */
final class WireAssignors {
    private static final String UNIFORM = "uniform";

    private WireAssignors() {}

    static AssignorName named(String name) {
        if (name.equals(UNIFORM)) {
            return AssignorName.STICKY;
        }
        return AssignorName.named(name).orElseThrow(() -> new UnsupportedAssignorException("there is no assignor '"
                + name + "', but range, uniform and roundrobin"));
    }

    static String name(AssignorName assignor) {
        return assignor == AssignorName.STICKY ? UNIFORM : assignor.wireName();
    }
}
