package io.millrace.gateway.memory;

/** Memory that is counted against a limit, for whoever looks after the gateway. */
public interface CountedMemory {
    /** What it is for, in one word or two with a hyphen. */
    String kind();

    MemoryBudget budget();
}
