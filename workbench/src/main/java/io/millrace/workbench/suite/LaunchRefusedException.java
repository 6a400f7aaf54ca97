package io.millrace.workbench.suite;

/** An expected refusal; its message is for the person at the terminal and says what to do. */
public final class LaunchRefusedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public LaunchRefusedException(String message) {
        super(message);
    }
}
