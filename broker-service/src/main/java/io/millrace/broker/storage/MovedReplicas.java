package io.millrace.broker.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;

/**
 * In which leader epoch a replica went from this data directory to other brokers, in the file {@code moved-replicas}: a line
 * {@code topic-id partition leader-epoch since-ms} each. Its log is gone, and with it what it knew of leader epochs; should PostgreSQL return in a state
 * from before, in which the replica is here and perhaps leads, an empty log must not be taken for the one that it was.
 *
 * <p>A replica that comes back, and is in sync again, is forgotten here; one that does not keeps its line for as long as the settings say.
 */
final class MovedReplicas {
    static final String FILE_NAME = "moved-replicas";

    private final Path file;
    private final Map<ReplicaName, Gone> leaderEpochs = new ConcurrentHashMap<>();

    private record Gone(int leaderEpoch, long sinceMs) {
        /** The replica may have gone twice. */
        Gone or(Gone later) {
            return new Gone(Math.max(leaderEpoch, later.leaderEpoch), Math.max(sinceMs, later.sinceMs));
        }
    }

    private MovedReplicas(Path file) {
        this.file = file;
    }

    /** @param nowMs counts for lines without a time, which were once written */
    static MovedReplicas read(Path file, long nowMs) throws IOException {
        MovedReplicas moved = new MovedReplicas(file);
        if (Files.exists(file)) {
            for (String line : Files.readAllLines(file)) {
                String[] words = line.split(" ", 4);
                try {
                    moved.leaderEpochs.put(ReplicaName.parse(file, words), new Gone(Integer.parseInt(words[2]),
                            words.length == 4 ? Long.parseLong(words[3]) : nowMs));
                } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
                    throw new IOException(file + " is damaged: " + line, e);
                }
            }
        }
        return moved;
    }

    /** Nothing if no replica went, or it has been in sync here since. */
    OptionalInt leaderEpoch(ReplicaName name) {
        Gone gone = leaderEpochs.get(name);
        return gone == null ? OptionalInt.empty() : OptionalInt.of(gone.leaderEpoch());
    }

    /** Durably, before their logs go. */
    synchronized void add(Map<ReplicaName, Integer> gone, long nowMs) throws IOException {
        if (!gone.isEmpty()) {
            gone.forEach((name, epoch) -> leaderEpochs.merge(name, new Gone(epoch, nowMs), Gone::or));
            write();
        }
    }

    /** They are in sync here, and their logs say in which leader epoch. */
    synchronized void remove(Collection<ReplicaName> back) throws IOException {
        if (leaderEpochs.keySet().removeAll(back)) {
            write();
        }
    }

    /** They went so long ago that no PostgreSQL returns from then. */
    synchronized void removeBefore(long timeMs) throws IOException {
        if (leaderEpochs.values().removeIf(gone -> gone.sinceMs() < timeMs)) {
            write();
        }
    }

    private void write() throws IOException {
        StringBuilder text = new StringBuilder();
        leaderEpochs.forEach((name, gone) -> text.append(name.line()).append(' ').append(gone.leaderEpoch()).append(
                ' ').append(gone.sinceMs()).append('\n'));
        AtomicFiles.replace(file, ByteBuffer.wrap(text.toString().getBytes(StandardCharsets.UTF_8)));
    }
}
