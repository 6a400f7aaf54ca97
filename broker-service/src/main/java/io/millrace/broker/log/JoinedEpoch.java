package io.millrace.broker.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The highest leader epoch that a log has joined, kept in {@code joined-epoch}: it had, at some time, all with which that epoch began at its
 * leader. A record of an epoch says so too, but an epoch may have none, and records may be cut (docs/spec, R19). It never falls.
 *
 * <p>Not flushed: who has lost its tail does not say what it has joined.
 */
final class JoinedEpoch {
    static final String FILE_NAME = "joined-epoch";
    private static final int NONE = -1;

    private final LogStore store;
    private volatile int epoch;

    private JoinedEpoch(LogStore store, int epoch) {
        this.store = store;
        this.epoch = epoch;
    }

    static JoinedEpoch load(LogStore store) throws IOException {
        return new JoinedEpoch(store, parse(store.readIfExists(FILE_NAME)));
    }

    int epoch() {
        return epoch;
    }

    void raise(int joined) throws IOException {
        if (joined > epoch) {
            store.replaceUnflushed(FILE_NAME, ByteBuffer.wrap(Integer.toString(joined).getBytes(
                    StandardCharsets.US_ASCII)));
            epoch = joined;
        }
    }

    private static int parse(@Nullable ByteBuffer content) {
        try {
            return content == null ? NONE : Integer.parseInt(StandardCharsets.US_ASCII.decode(content).toString());
        } catch (NumberFormatException e) {
            return NONE;
        }
    }
}
