package io.millrace.workbench.suite;

/** Where the launcher says what it is doing, one line at a time. */
@FunctionalInterface
public interface Progress {
    void say(String line);
}
