package io.millrace.gateway.events;

import io.millrace.gateway.memory.CountedMemory;
import io.millrace.gateway.memory.MemoryBudget;
import org.springframework.stereotype.Component;

/** What the readers of the newest records have fetched and not given to their feeds yet; other than what slow clients hold. */
@Component
final class TailMemory implements CountedMemory {
    private final MemoryBudget budget;

    TailMemory(EventsProperties properties) {
        this.budget = new MemoryBudget(properties.tailMemory().toBytes());
    }

    @Override
    public String kind() {
        return "tails";
    }

    @Override
    public MemoryBudget budget() {
        return budget;
    }
}
