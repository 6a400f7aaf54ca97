package io.millrace.broker.log;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.apache.kafka.common.record.internal.Records;

/** A file that only grows at its end, except for {@link #truncateTo}. One writer at a time; any number of readers beside it. */
public interface LogFile extends Closeable {

    int sizeBytes();

    /** Writes all remaining bytes at the end; the buffer's position is left as it was. */
    void append(ByteBuffer bytes) throws IOException;

    /** Fills the target from the position on as far as the file reaches; returns the number of bytes read, 0 at the end. */
    int read(int position, ByteBuffer target) throws IOException;

    /** A range of the file as record batches; it is read or transferred only when used, and stays valid until {@link #close}. */
    Records slice(int position, int sizeBytes);

    /** Cuts the file and makes the cut durable. */
    void truncateTo(int sizeBytes) throws IOException;

    void flush() throws IOException;
}
