package io.millrace.gateway.edge;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/** A body that is counted as it is read. */
final class CountedInput extends FilterInputStream {
    private final Counter counter;

    /** Hears of every read: before it of nothing, after it of how much there was; what it throws ends the reading. */
    @FunctionalInterface
    interface Counter {
        void count(int moreBytes);
    }

    CountedInput(InputStream in, Counter counter) {
        super(in);
        this.counter = counter;
    }

    @Override
    public int read() throws IOException {
        counter.count(0);
        int value = super.read();
        counter.count(value < 0 ? 0 : 1);
        return value;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        counter.count(0);
        int read = super.read(target, offset, length);
        counter.count(Math.max(0, read));
        return read;
    }
}
