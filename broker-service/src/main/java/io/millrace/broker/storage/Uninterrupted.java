package io.millrace.broker.storage;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;

/**
 * Runs file operations to their end on a thread that is interrupted. The JDK closes the channel such a thread uses, which is no reason to call a
 * disk broken; the operation is repeated and the thread stays interrupted, for whoever waits next to see.
 */
final class Uninterrupted {

    /** Must be safe to repeat. */
    interface FileOperation<T> {
        T run() throws IOException;
    }

    private Uninterrupted() {}

    static <T> T call(FileOperation<T> operation) throws IOException {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return operation.run();
                } catch (ClosedByInterruptException e) {
                    interrupted = true;
                    Thread.interrupted();
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
