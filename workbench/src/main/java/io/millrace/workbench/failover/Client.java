package io.millrace.workbench.failover;

/** Something that runs until its thread is interrupted, and then finishes what it has begun. */
@FunctionalInterface
interface Client {
    void run() throws InterruptedException;
}
