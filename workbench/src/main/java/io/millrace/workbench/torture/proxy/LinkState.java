package io.millrace.workbench.torture.proxy;

import java.time.Duration;

/** How a link behaves. */
public sealed interface LinkState {
    LinkState OPEN = new Open();

    /** Bytes pass as they come. */
    record Open() implements LinkState {}

    /** Connections are reset, those that there are and those that are tried. */
    record Cut() implements LinkState {}

    /** Nothing passes, not even an end; connections stay, and new ones are accepted. What was sent arrives once the link is open. */
    record Silent() implements LinkState {}

    /**
     * Bytes pass slowly.
     *
     * @param latency        before each piece of up to {@link FaultProxy#PIECE_BYTES} bytes, one after the other
     * @param bytesPerSecond of each connection and direction
     */
    record Slow(Duration latency, long bytesPerSecond) implements LinkState {
        public Slow {
            if (latency.isNegative() || bytesPerSecond < 1) {
                throw new IllegalArgumentException("latency " + latency + ", " + bytesPerSecond + " bytes a second");
            }
        }

        Duration delay(int bytes) {
            return latency.plusNanos(Math.round(bytes * 1e9 / bytesPerSecond));
        }
    }
}
