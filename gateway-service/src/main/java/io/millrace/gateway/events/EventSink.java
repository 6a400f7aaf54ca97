package io.millrace.gateway.events;

import java.io.IOException;

/** Where a stream's bytes go. A write may block: that is the back-pressure. */
@FunctionalInterface
interface EventSink {
    /** Writes the first {@code length} bytes, which always are whole blocks. */
    void write(byte[] bytes, int length) throws IOException;

    /** Writes the blocks that all streams of a feed share. */
    default void writeShared(FeedEntry.Content content) throws IOException {
        write(content.blocks(), content.blocks().length);
    }
}
