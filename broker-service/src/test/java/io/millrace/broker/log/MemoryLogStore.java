package io.millrace.broker.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.Records;
import org.jspecify.annotations.Nullable;

/** A partition's folder in memory that forgets at a crash what was not flushed, and can break in the middle of an operation. */
public final class MemoryLogStore implements LogStore {
    private final Map<String, MemoryFile> files = new TreeMap<>();
    private final Set<String> durableNames = new HashSet<>();
    private int operationsUntilFailure = Integer.MAX_VALUE;

    /** The operation after so many more writes, flushes, renames and deletions fails, and so does all that follows until the crash. */
    void failAfter(int operations) {
        operationsUntilFailure = operations;
    }

    /** The machine goes down: of every file only what was flushed is sure to stay, of the rest some part, possibly with holes. */
    public MemoryLogStore crash(RandomGenerator random) {
        MemoryLogStore after = new MemoryLogStore();
        files.forEach((name, file) -> {
            if (durableNames.contains(name) || random.nextBoolean()) {
                after.files.put(name, file.afterCrash(after, random));
                after.durableNames.add(name);
            }
        });
        return after;
    }

    /** The process goes down but the machine does not: everything written stays. */
    public MemoryLogStore copy() {
        MemoryLogStore copy = new MemoryLogStore();
        files.forEach((name, file) -> copy.files.put(name, file.copy(copy)));
        copy.durableNames.addAll(files.keySet());
        return copy;
    }

    byte[] content(String name) {
        MemoryFile file = file(name);
        return Arrays.copyOf(file.bytes, file.size);
    }

    void setContent(String name, byte[] content) {
        MemoryFile file = new MemoryFile(this);
        file.bytes = content.clone();
        file.size = content.length;
        file.flushed = content.length;
        files.put(name, file);
        durableNames.add(name);
    }

    @Override
    public String name() {
        return "memory-0";
    }

    @Override
    public Set<String> list() {
        return Set.copyOf(files.keySet());
    }

    @Override
    public LogFile open(String name) {
        return files.computeIfAbsent(name, _ -> new MemoryFile(this));
    }

    @Override
    public ByteBuffer view(String name) {
        return ByteBuffer.wrap(content(name)).asReadOnlyBuffer();
    }

    @Override
    public void replace(String name, ByteBuffer content) throws IOException {
        operation();
        byte[] bytes = new byte[content.remaining()];
        content.duplicate().get(bytes);
        setContent(name, bytes);
    }

    @Override
    public void replaceUnflushed(String name, ByteBuffer content) throws IOException {
        operation();
        byte[] bytes = new byte[content.remaining()];
        content.duplicate().get(bytes);
        setContent(name, bytes);
        durableNames.remove(name);
    }

    @Override
    public @Nullable ByteBuffer readIfExists(String name) {
        return files.containsKey(name) ? ByteBuffer.wrap(content(name)) : null;
    }

    @Override
    public void rename(String from, String to) throws IOException {
        operation();
        files.put(to, file(from));
        files.remove(from);
        if (durableNames.remove(from)) {
            durableNames.add(to);
        }
    }

    @Override
    public void deleteIfExists(String name) throws IOException {
        operation();
        files.remove(name);
        durableNames.remove(name);
    }

    @Override
    public void flushDirectory() throws IOException {
        operation();
        durableNames.addAll(files.keySet());
    }

    private MemoryFile file(String name) {
        MemoryFile file = files.get(name);
        if (file == null) {
            throw new IllegalStateException("no file " + name + " in " + files.keySet());
        }
        return file;
    }

    private void operation() throws IOException {
        if (operationsUntilFailure <= 0) {
            throw new IOException("the disk is gone");
        }
        operationsUntilFailure--;
    }

    private static final class MemoryFile implements LogFile {
        private final MemoryLogStore store;
        private volatile byte[] bytes = new byte[256];
        private volatile int size;
        private int flushed;

        MemoryFile(MemoryLogStore store) {
            this.store = store;
        }

        MemoryFile copy(MemoryLogStore owner) {
            MemoryFile copy = new MemoryFile(owner);
            copy.bytes = Arrays.copyOf(bytes, Math.max(size, 1));
            copy.size = size;
            copy.flushed = size;
            return copy;
        }

        MemoryFile afterCrash(MemoryLogStore owner, RandomGenerator random) {
            MemoryFile left = copy(owner);
            left.size = random.nextInt(flushed, size + 1);
            if (left.size > flushed && random.nextInt(3) == 0) {
                // The size reached the disk, but not all of the data.
                Arrays.fill(left.bytes, random.nextInt(flushed, left.size), left.size, (byte) 0);
            }
            left.flushed = left.size;
            return left;
        }

        @Override
        public int sizeBytes() {
            return size;
        }

        @Override
        public void append(ByteBuffer source) throws IOException {
            int length = source.remaining();
            if (size + length > bytes.length) {
                bytes = Arrays.copyOf(bytes, Math.max(size + length, bytes.length * 2));
            }
            try {
                store.operation();
            } catch (IOException e) {
                // A part of it may have been written.
                source.duplicate().get(bytes, size, length / 2);
                size += length / 2;
                throw e;
            }
            source.duplicate().get(bytes, size, length);
            size += length;
        }

        @Override
        public int read(int position, ByteBuffer target) {
            int length = Math.clamp(size - position, 0, target.remaining());
            target.put(bytes, position, length);
            return length;
        }

        @Override
        public Records slice(int position, int sizeBytes) {
            return MemoryRecords.readableRecords(ByteBuffer.wrap(Arrays.copyOfRange(bytes, position, position
                    + sizeBytes)));
        }

        @Override
        public void truncateTo(int sizeBytes) throws IOException {
            store.operation();
            size = sizeBytes;
            flushed = sizeBytes;
        }

        @Override
        public void flush() throws IOException {
            store.operation();
            flushed = size;
        }

        @Override
        public void close() {
            // Memory needs no closing.
        }
    }
}
