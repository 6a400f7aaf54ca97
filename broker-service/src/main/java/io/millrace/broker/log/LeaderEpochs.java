package io.millrace.broker.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which leader epoch begins at which offset, kept in {@code leader-epoch-checkpoint} in Kafka's text format. An immutable list is replaced at
 * each change, so readers need no lock.
 */
final class LeaderEpochs {
    static final String FILE_NAME = "leader-epoch-checkpoint";
    private static final String VERSION = "0";

    record Entry(int epoch, long startOffset) {}

    private final LogStore store;
    private volatile List<Entry> entries;

    private LeaderEpochs(LogStore store, List<Entry> entries) {
        this.store = store;
        this.entries = entries;
    }

    /** Reads the checkpoint; null when it is not there or not whole, so that it must be rebuilt from the batches. */
    static @Nullable LeaderEpochs load(LogStore store) throws IOException {
        ByteBuffer content = store.readIfExists(FILE_NAME);
        List<Entry> entries = content == null ? null : parse(StandardCharsets.UTF_8.decode(content).toString());
        return entries == null ? null : new LeaderEpochs(store, entries);
    }

    static LeaderEpochs empty(LogStore store) {
        return new LeaderEpochs(store, List.of());
    }

    int latestEpoch() {
        List<Entry> present = entries;
        return present.isEmpty() ? -1 : present.getLast().epoch();
    }

    /** Notes a batch of an epoch; only the first one of a new epoch changes anything. */
    void assign(int epoch, long startOffset) throws IOException {
        if (epoch > latestEpoch()) {
            List<Entry> changed = new ArrayList<>(entries);
            changed.removeIf(entry -> entry.startOffset() >= startOffset);
            changed.add(new Entry(epoch, startOffset));
            replace(changed);
        }
    }

    /** The leader epoch of the record at an offset, or -1. */
    int epochAt(long offset) {
        int epoch = -1;
        for (Entry entry : entries) {
            if (entry.startOffset() > offset) {
                break;
            }
            epoch = entry.epoch();
        }
        return epoch;
    }

    EpochEndOffset endOffset(int requestedEpoch, long logEndOffset) {
        List<Entry> present = entries;
        if (requestedEpoch < 0 || present.isEmpty() || requestedEpoch > present.getLast().epoch()) {
            return EpochEndOffset.UNKNOWN;
        }
        if (requestedEpoch == present.getLast().epoch()) {
            return new EpochEndOffset(requestedEpoch, logEndOffset);
        }
        int floor = -1;
        for (int i = 0; i < present.size() && present.get(i).epoch() <= requestedEpoch; i++) {
            floor = i;
        }
        long end = present.get(floor + 1).startOffset();
        return new EpochEndOffset(floor < 0 ? requestedEpoch : present.get(floor).epoch(), end);
    }

    /** Whether an epoch begins at or after an offset. */
    boolean beginsFrom(long offset) {
        List<Entry> present = entries;
        return !present.isEmpty() && present.getLast().startOffset() >= offset;
    }

    /** Forgets epochs that begin at or after the new end of the log. */
    void truncateEnd(long endOffset) throws IOException {
        if (beginsFrom(endOffset)) {
            replace(entries.stream().filter(entry -> entry.startOffset() < endOffset).toList());
        }
    }

    /** Forgets epochs that end at or before the new start of the log; the one that holds it begins there now. */
    void truncateStart(long startOffset) throws IOException {
        List<Entry> present = entries;
        int holding = -1;
        while (holding + 1 < present.size() && present.get(holding + 1).startOffset() <= startOffset) {
            holding++;
        }
        if (holding > 0 || holding == 0 && present.getFirst().startOffset() < startOffset) {
            List<Entry> changed = new ArrayList<>(present.subList(holding, present.size()));
            changed.set(0, new Entry(changed.getFirst().epoch(), startOffset));
            replace(changed);
        }
    }

    void clear() throws IOException {
        if (!entries.isEmpty()) {
            replace(List.of());
        }
    }

    List<Entry> entries() {
        return entries;
    }

    private void replace(List<Entry> changed) throws IOException {
        StringBuilder text = new StringBuilder(VERSION).append('\n').append(changed.size()).append('\n');
        for (Entry entry : changed) {
            text.append(entry.epoch()).append(' ').append(entry.startOffset()).append('\n');
        }
        store.replace(FILE_NAME, ByteBuffer.wrap(text.toString().getBytes(StandardCharsets.UTF_8)));
        entries = List.copyOf(changed);
    }

    private static @Nullable List<Entry> parse(String text) {
        List<String> lines = text.lines().toList();
        if (lines.size() < 2 || !lines.get(0).equals(VERSION)) {
            return null;
        }
        try {
            int count = Integer.parseInt(lines.get(1));
            List<Entry> parsed = new ArrayList<>();
            for (String line : lines.subList(2, lines.size())) {
                String[] parts = line.split(" ", 2);
                parsed.add(new Entry(Integer.parseInt(parts[0]), Long.parseLong(parts[1])));
            }
            return parsed.size() == count ? List.copyOf(parsed) : null;
        } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
            return null;
        }
    }
}
