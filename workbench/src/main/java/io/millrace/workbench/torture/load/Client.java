package io.millrace.workbench.torture.load;

/** Goes on until it is told to stop. */
@FunctionalInterface
interface Client {
    /** One turn; a refusal is no reason to end, an exception is. */
    void turn() throws Exception;

    /** Ends in order: what is under way is waited for, bounded. */
    default void end() throws Exception {}
}
