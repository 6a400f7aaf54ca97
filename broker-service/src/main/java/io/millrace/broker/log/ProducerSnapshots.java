package io.millrace.broker.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.TreeSet;

/** The producer snapshot files of a partition: one per segment, taken where it begins, and one at the end of a log that was closed in order. */
final class ProducerSnapshots {
    private final LogStore store;
    private final TreeSet<Long> offsets = new TreeSet<>();

    ProducerSnapshots(LogStore store) throws IOException {
        this.store = store;
        for (String name : store.list()) {
            Long offset = FileNames.offset(name, FileNames.SNAPSHOT);
            if (offset != null) {
                offsets.add(offset);
            }
        }
    }

    /**
     * Not flushed: a snapshot that a crash damages fails its checksum, and the batches before it say the same for as long as they are in the log.
     * Before these go, {@link #flushIfTaken}.
     */
    void take(ProducerStates states, long offset) throws IOException {
        ByteBuffer content = ProducerSnapshot.encode(states);
        try (LogFile file = store.open(FileNames.of(offset, FileNames.SNAPSHOT))) {
            if (file.sizeBytes() > 0) {
                file.truncateTo(0);
            }
            file.append(content);
        }
        offsets.add(offset);
    }

    void flushIfTaken(long offset) throws IOException {
        if (offsets.contains(offset)) {
            flush(offset);
        }
    }

    void flush(long offset) throws IOException {
        try (LogFile file = store.open(FileNames.of(offset, FileNames.SNAPSHOT))) {
            file.flush();
        }
    }

    /** Fills the states from the newest usable snapshot at or before an offset, and returns the offset it holds for, or -1. */
    long restore(ProducerStates states, long atOrBefore, long nowMs) throws IOException {
        states.clear();
        Long offset = offsets.floor(atOrBefore);
        while (offset != null) {
            ByteBuffer content = store.readIfExists(FileNames.of(offset, FileNames.SNAPSHOT));
            if (content != null && ProducerSnapshot.decodeInto(states, content, nowMs)) {
                return offset;
            }
            delete(offset);
            offset = offsets.lower(offset);
        }
        return -1;
    }

    void deleteAfter(long offset) throws IOException {
        while (!offsets.isEmpty() && offsets.last() > offset) {
            delete(offsets.last());
        }
    }

    void deleteAll() throws IOException {
        deleteAfter(Long.MIN_VALUE);
    }

    void deleteBefore(long offset) throws IOException {
        while (!offsets.isEmpty() && offsets.first() < offset) {
            delete(offsets.first());
        }
    }

    /** Keeps what belongs to a segment, and the newest, which may stand at the log's end. */
    void deleteStrays(Collection<Long> segmentBaseOffsets) throws IOException {
        for (Long offset : new TreeSet<>(offsets)) {
            if (!segmentBaseOffsets.contains(offset) && !offset.equals(offsets.last())) {
                delete(offset);
            }
        }
    }

    private void delete(long offset) throws IOException {
        store.deleteIfExists(FileNames.of(offset, FileNames.SNAPSHOT));
        offsets.remove(offset);
    }
}
