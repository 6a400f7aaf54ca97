package io.millrace.gateway.answers;

import io.millrace.gateway.memory.CountedMemory;
import io.millrace.gateway.memory.MemoryBudget;
import org.springframework.stereotype.Component;

/** Counts what the answers of reads and polls hold against one limit, so that clients that do not take theirs cannot use up the heap. */
@Component
public final class AnswerMemory implements CountedMemory {
    private final AnswersProperties properties;
    private final MemoryBudget budget;

    public AnswerMemory(AnswersProperties properties) {
        this.properties = properties;
        this.budget = new MemoryBudget(properties.memoryBytes(Runtime.getRuntime().maxMemory()));
    }

    @Override
    public String kind() {
        return "answers";
    }

    @Override
    public MemoryBudget budget() {
        return budget;
    }

    /** For one answer, which is to close it however it ends. */
    public AnswerShare open() {
        return new AnswerShare(budget, properties);
    }
}
