package io.millrace.gateway.events;

import io.millrace.gateway.memory.CountedMemory;
import io.millrace.gateway.memory.MemoryBudget;
import org.springframework.stereotype.Component;

/** What streams that are behind have fetched for their clients, which take it at their own pace. */
@Component
final class CatchUpMemory implements CountedMemory {
    private final MemoryBudget budget;

    CatchUpMemory(EventsProperties properties) {
        this.budget = new MemoryBudget(properties.catchUpMemory().toBytes());
    }

    @Override
    public String kind() {
        return "catch-up";
    }

    @Override
    public MemoryBudget budget() {
        return budget;
    }
}
