package io.millrace.broker.replication.simulation;

/** Thrown where an invariant of the design is found broken. */
final class Invariant extends AssertionError {
    private static final long serialVersionUID = 1;

    Invariant(String message) {
        super(message);
    }

    static void holds(boolean condition, String message, Object... arguments) {
        if (!condition) {
            throw new Invariant(message.formatted(arguments));
        }
    }
}
