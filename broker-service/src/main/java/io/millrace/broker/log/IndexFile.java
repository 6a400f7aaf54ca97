package io.millrace.broker.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A sorted array of fixed-size entries beside a segment. While its segment grows, the entries live on the heap and reach the file when it is
 * persisted; a sealed index is a read-only view of the file, taken at the first look-up. An index is never trusted after a crash unless its
 * segment was flushed whole, so nothing here needs to be durable earlier.
 */
final class IndexFile {
    private static final int FIRST_CAPACITY_ENTRIES = 128;

    private final LogStore store;
    private final String name;
    private final int entryBytes;
    private final int maxEntries;
    private @Nullable LogFile file;
    private volatile @Nullable ByteBuffer data;
    private volatile int entries;
    private int persistedEntries;
    private boolean sealed;

    private IndexFile(LogStore store, String name, int entryBytes, int maxSizeBytes) {
        this.store = store;
        this.name = name;
        this.entryBytes = entryBytes;
        this.maxEntries = Math.max(1, maxSizeBytes / entryBytes);
    }

    /** An index that grows, from what the file holds. */
    static IndexFile growing(LogStore store, String name, int entryBytes, int maxSizeBytes) throws IOException {
        IndexFile index = new IndexFile(store, name, entryBytes, maxSizeBytes);
        LogFile file = store.open(name);
        int fileBytes = file.sizeBytes();
        index.file = file;
        index.entries = fileBytes / entryBytes;
        index.persistedEntries = index.entries;
        if (fileBytes % entryBytes != 0) {
            // A crash cut an entry in two.
            file.truncateTo(index.entries * entryBytes);
        }
        ByteBuffer data = ByteBuffer.allocate(Math.max(fileBytes, FIRST_CAPACITY_ENTRIES * entryBytes));
        file.read(0, data);
        index.data = data;
        return index;
    }

    /** An index that is complete; nothing is read until it is used. */
    static IndexFile sealed(LogStore store, String name, int entryBytes, int fileBytes) {
        IndexFile index = new IndexFile(store, name, entryBytes, fileBytes);
        index.sealed = true;
        index.entries = fileBytes / entryBytes;
        index.persistedEntries = index.entries;
        return index;
    }

    int entries() {
        return entries;
    }

    boolean isSealed() {
        return sealed;
    }

    boolean isFull() {
        return entries >= maxEntries;
    }

    /** The entries' bytes; read {@link #entries} first, so that what it counts is there. */
    ByteBuffer data() throws IOException {
        ByteBuffer present = data;
        if (present == null) {
            present = store.view(name);
            data = present;
        }
        return present;
    }

    /** Room for one more entry at the returned position, which the caller fills before it calls {@link #added}. */
    int reserve() {
        ByteBuffer present = heap();
        int position = entries * entryBytes;
        if (position + entryBytes > present.capacity()) {
            ByteBuffer larger = ByteBuffer.allocate(Math.max(position + entryBytes, present.capacity() * 2));
            larger.put(0, present, 0, position);
            data = larger;
        }
        return position;
    }

    void added() {
        entries = entries + 1;
    }

    ByteBuffer heap() {
        ByteBuffer present = data;
        if (present == null || sealed) {
            throw new IllegalStateException(name + " is sealed");
        }
        return present;
    }

    void truncateToEntries(int remaining) throws IOException {
        LogFile open = openFile();
        entries = remaining;
        if (persistedEntries > remaining) {
            open.truncateTo(remaining * entryBytes);
            persistedEntries = remaining;
        }
    }

    /** Writes what the file does not hold yet. */
    void persist() throws IOException {
        if (file != null && !sealed && persistedEntries < entries) {
            file.append(heap().slice(persistedEntries * entryBytes, (entries - persistedEntries) * entryBytes));
            persistedEntries = entries;
        }
    }

    void flush() throws IOException {
        if (file != null) {
            persist();
            file.flush();
            if (sealed) {
                file.close();
                file = null;
            }
        }
    }

    /** Ends the growth: the file is complete, and the heap is given back. It becomes durable with the next {@link #flush}. */
    void seal() throws IOException {
        persist();
        sealed = true;
        data = null;
    }

    void close() throws IOException {
        if (file != null) {
            persist();
            file.close();
            file = null;
        }
    }

    void abandon() throws IOException {
        if (file != null) {
            file.close();
            file = null;
        }
    }

    private LogFile openFile() {
        if (file == null || sealed) {
            throw new IllegalStateException(name + " is sealed");
        }
        return file;
    }
}
